"""Istio's and Kubernetes' own programs, run on this machine to check and prove `istio/`.

Nothing of it is needed to run the gate.
"""
