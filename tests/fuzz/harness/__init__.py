"""One module a parser: `entry` feeds it as the product does, and takes documented refusals only.

Whatever else `entry` raises is a finding: an exception that nobody documented,
or an assertion about what was accepted. `seeds` gives inputs to begin with,
`WORDS` what a fuzzer would not guess.
"""
