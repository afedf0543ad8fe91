"""Benchmarks: figures for design targets, never tests."""
