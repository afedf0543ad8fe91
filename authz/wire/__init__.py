"""Envoy's messages to the model and back; the one table of the headers we set or remove.

Protobuf stops here: what leaves this room are values of `model`, and what
comes in are outcomes. The messages are a wire-compatible subset of Envoy's
(`protos/`), compiled into `authz._proto`.
"""
