"""What a server answers that does no work; it needs no more of ours than the messages."""

from __future__ import annotations

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse


def answer(check: bytes) -> CheckResponse:
    """Parse a Check, and give OK with one header."""
    request = CheckRequest.FromString(check)
    response = CheckResponse()
    response.status.code = 0
    header = response.ok_response.headers.add().header
    header.key, header.value = "x-user", request.attributes.request.http.host
    return response
