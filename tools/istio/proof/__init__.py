"""`make istio-proof`: what a real istiod makes of `istio/`, run by real Envoys and the real gate.

A real kube-apiserver takes the manifests, a real istiod configures one stock
Envoy for each mode, and requests go through. Everything lives in a network of
its own that consists of loopback alone, and ends with the process.
"""
