"""A Check server on grpcio that does no work: it parses, and answers OK with one header.

python -m bench.peers.noop_grpcio PORT [THREADS [OPTION=NUMBER]...]
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

from authz._proto.external_auth_pb2 import CheckResponse
from authz.server.grpc_face import AT_WORK, SERVICE, WAITING
from bench.peers.noop import answer


def serve(port: int, threads: int, options: list[tuple[str, int]]) -> None:
    """Answer Checks on *port* of loopback until killed."""

    def check(request: bytes, _: grpc.ServicerContext) -> CheckResponse:
        return answer(request)

    method: grpc.RpcMethodHandler[bytes, CheckResponse] = grpc.unary_unary_rpc_method_handler(
        check, request_deserializer=None, response_serializer=CheckResponse.SerializeToString
    )
    handler = grpc.method_handlers_generic_handler(SERVICE, {"Check": method})
    server = grpc.server(ThreadPoolExecutor(threads), options=options)
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def main() -> None:
    """Serve as the command line says; without more, with as many threads as ours has."""
    port, *rest = sys.argv[1:]
    threads, *options = rest or [str(AT_WORK + WAITING)]
    pairs = [option.partition("=") for option in options]
    serve(int(port), int(threads), [(name, int(number)) for name, _, number in pairs])


if __name__ == "__main__":
    main()
