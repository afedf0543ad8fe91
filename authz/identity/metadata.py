"""The workload that asks, as a declared waypoint writes it into the gRPC metadata of its Check.

A waypoint's TLS ends before the filter that asks, so it has no principal. What
its configuration writes beside the message (`grpc_service.initial_metadata`)
no request header reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from authz.identity.workload import NOBODY, Absent, Rejected, read_workload
from authz.model.spiffe import SpiffeId


def read_metadata(
    unverified: Mapping[str, str], key: str, trust_domains: Set[str]
) -> SpiffeId | Rejected | Absent:
    """
    Read what stands at *key*, for a listener with `identity: metadata`.

    Several values come joined by a comma, which no SPIFFE ID has: a key that was
    written twice is nobody's word.
    """
    said = unverified.get(key, "")
    if said in NOBODY:
        return Absent(f"the Check says nothing at {key}")
    return read_workload(said, f"what the Check says at {key}", trust_domains)


def names_itself(unverified: Mapping[str, str], key: str, by: SpiffeId) -> bool:
    """Say whether the waypoint that asks says at *key* that it is *by*, and nothing else."""
    return unverified.get(key) == str(by)
