"""Values only: what the rooms hand to each other.

Everything here is frozen and compared by value; a constructor or a `parse`
refuses what cannot be. No clock, no I/O, no logger, and no import from any
other room of the package.
"""
