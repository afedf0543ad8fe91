"""The edge that Envoy talks to: gRPC, the public HTTP face, and the stop of both.

Time, ids and signing are taken in one place, `decision_point`, which also holds the
one broad `except` of the package.
"""
