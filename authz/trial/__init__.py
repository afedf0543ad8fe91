"""A decision made again, off line: every step, why it says no, and what would turn it.

Nothing is proven here: who asks, and for whom, is stated, and decided with the
same steps as a call. Whatever refuses is then mended, one fact after the other,
until the call is allowed: so what is named as missing is what was missing.
"""
