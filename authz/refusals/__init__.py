"""Refusals as bytes: (protocol, era, operation, reason, who can cure it) to an answer.

`table` is the contract as data, `render` applies it. The text is ours alone:
nothing that a caller or an upstream wrote is in it but the `id` of the request.
"""
