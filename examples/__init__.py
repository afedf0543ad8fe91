"""Narrowgate at work: the demo, and the edge that demo and tests run in front of it."""
