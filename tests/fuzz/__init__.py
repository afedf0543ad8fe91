"""Every parser of outside bytes, fed by a fuzzer that looks at what it reaches: `make fuzz`.

`harness/` has one module a parser. `corpus/` keeps what the fuzzer found worth
keeping; the everyday tests feed it to the parsers again, without the fuzzer.
"""
