"""The steps of a decision, one module each: where the rooms of the pure half meet.

A step takes what is given and what earlier steps learned, and answers
`Passed`, `Refused` or `Need`. Their order is the table in `decide`.
"""
