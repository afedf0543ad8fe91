"""Policies: Cedar text to a judgement over every leg.

`load` reads and checks, `judge` decides; between them `shapes`, `arguments`
and `facts` turn what callers wrote into typed values, because a value that
Cedar cannot type must never make a policy err: an erring forbid is skipped.
Cedar's own objects stay in this room.
"""
