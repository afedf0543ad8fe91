"""Bytes to operations: what a request asks for, read once and in one way only.

Nothing here knows targets, agents or policies; `steps.read` says by the
target's kind how to read. What cannot be read in one way only raises
`Unreadable`, which carries the refusal.
"""
