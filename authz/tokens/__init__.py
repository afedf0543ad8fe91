"""Signing: our own keys in a folder, and nothing else. What is signed was described before."""
