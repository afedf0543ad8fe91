"""Decisions made again off line: the same as the log says, and told so that they can be turned."""
