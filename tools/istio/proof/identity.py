"""What a proxy's agent does: it hands the proxy its certificate, by Envoy's secret discovery."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from examples.edge.certificates import Authority

TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
STREAM = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets"
_messages: Any = grpc.protos("tools/istio/proof/sds.proto")  # type: ignore[attr-defined,unused-ignore]


class Secrets(grpc.GenericRpcHandler):
    """Gives `default`, the proxy's certificate, and `ROOTCA`, whom it believes."""

    def __init__(self, certificate: Path, key: Path, roots: Path) -> None:
        """Take the files of one identity."""
        self._certificate, self._key, self._roots = certificate, key, roots

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Give what answers a stream of requests."""
        if handler_call_details.method != STREAM:
            return None
        return grpc.stream_stream_rpc_method_handler(
            self._stream,
            _messages.DiscoveryRequest.FromString,
            _messages.DiscoveryResponse.SerializeToString,
        )

    def _stream(self, requests: Iterator[Any], _context: grpc.ServicerContext) -> Iterator[Any]:
        for request in requests:
            if request.response_nonce:
                continue
            answer = _messages.DiscoveryResponse(version_info="1", nonce="1", type_url=TYPE)
            for name in request.resource_names:
                secret = self._secret(name).SerializeToString()
                answer.resources.add(type_url=TYPE, value=secret)
            yield answer

    def _secret(self, name: str) -> Any:
        secret = _messages.Secret(name=name)
        if name == "ROOTCA":
            secret.validation_context.trusted_ca.inline_bytes = self._roots.read_bytes()
        else:
            secret.tls_certificate.certificate_chain.inline_bytes = self._certificate.read_bytes()
            secret.tls_certificate.private_key.inline_bytes = self._key.read_bytes()
        return secret


@contextmanager
def handed_out(authority: Authority, workload: str, socket: Path) -> Iterator[None]:
    """Hand out a certificate of *workload* at a Unix *socket*."""
    certificate, key = authority.issue(socket.stem, workload)
    # A proxy keeps one stream open for each secret.
    with ThreadPoolExecutor(max_workers=16) as pool:
        server = grpc.server(pool, handlers=[Secrets(certificate, key, authority.roots)])
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        try:
            yield
        finally:
            server.stop(grace=0)
