"""A real Envoy on loopback with SPIFFE certificates made on the spot: for demo and tests.

Not for production: the certificate authority lives as long as the process.
"""
