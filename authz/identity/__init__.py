"""Proofs to principals: what makes an identity believed, and nothing about what it may do.

Unproven input is called `unverified_…`; what comes out is a value that only
its verifier makes. Keys and the time come in as arguments.
"""
