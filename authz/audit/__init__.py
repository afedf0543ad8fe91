"""The decision log: one JSON line a Check, written before its answer leaves.

`describe` (pure) says what a record holds and masks what it must not hold;
`sink` hands lines to the kernel.
"""
