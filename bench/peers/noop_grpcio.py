"""A Check server on grpcio that does no work: it parses, and answers OK with one header.

python -m bench.peers.noop_grpcio PORT THREADS [OPTION=VALUE]...
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from authz._proto.external_auth_pb2 import CheckResponse
from authz.server.grpc_face import SERVICE
from authz.server.turns import Hands
from bench.peers.noop import answer

AS_OURS = 0
"""In place of a number of threads: those of the gate, with their turns."""

Option = tuple[str, str | int]


def command(port: int, threads: int = AS_OURS, *options: str) -> Sequence[str]:
    """Give the command that serves so on *port*; an option is `name=value`."""
    return [sys.executable, "-m", __name__, str(port), str(threads), *options]


def serve(port: int, threads: int, options: Sequence[Option]) -> None:
    """Answer Checks on *port* of loopback until killed."""

    def check(request: bytes, _: grpc.ServicerContext) -> CheckResponse:
        return answer(request)

    method: grpc.RpcMethodHandler[bytes, CheckResponse] = grpc.unary_unary_rpc_method_handler(
        check, request_deserializer=None, response_serializer=CheckResponse.SerializeToString
    )
    handler = grpc.method_handlers_generic_handler(SERVICE, {"Check": method})
    pool = Hands("check") if threads == AS_OURS else ThreadPoolExecutor(threads)
    server = grpc.server(pool, options=options)  # type: ignore[arg-type]
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def main() -> None:
    """Serve as the command line says."""
    port, threads, *options = sys.argv[1:]
    serve(int(port), int(threads), [_option(*option.split("=", 1)) for option in options])


def _option(name: str, value: str) -> Option:
    return name, int(value) if value.isdecimal() else value


if __name__ == "__main__":
    main()
