"""The directory: what is declared up front, from YAML text to compiled look-ups.

`diagnostics` is how mistakes are reported, `reader` turns text into documents
with positions, `documents` says what each kind may contain, `walls` what
documents may say about each other, and `compiled` is what remains for the rest
of the package: values that are looked up, never searched. No file is opened
here; the texts come in as an argument.
"""
