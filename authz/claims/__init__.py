"""What a token will say, and the check of what came back from the signer.

Describing, signing and checking are three rooms: this one never signs, and
`tokens` never decides. The check starts from the inputs of the decision again
and does not trust the description.
"""
