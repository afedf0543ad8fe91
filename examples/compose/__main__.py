"""The parts of the demo as docker-compose.yml starts them, one a container.

    python -m examples.compose prepare FOLDER
    python -m examples.compose issuer KEY HOST:PORT
    python -m examples.compose docs PKI HOST:PORT GATE
    python -m examples.compose search PKI HOST:PORT
    python -m examples.compose ask PKI ENVOY ISSUER

GATE, ENVOY and ISSUER are URLs; PKI is the folder of a part's own certificate.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.applications import Starlette

from examples.compose.ask import ask
from examples.compose.prepare import prepare
from examples.demo.issuer import issuer
from examples.demo.service import service
from examples.demo.serving import Tls, serve
from examples.demo.tool import tool


def _prepare(folder: str) -> int:
    print(prepare(Path(folder)), flush=True)
    return 0


def _issuer(key: str, address: str) -> int:
    private = load_pem_private_key(Path(key).read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key} holds no key on an elliptic curve")
    serve(issuer(private), address=_address(address))
    return 0


def _docs(pki: str, address: str, gate: str) -> int:
    return _serve_tool(tool(gate), pki, address)


def _search(pki: str, address: str) -> int:
    return _serve_tool(service(), pki, address)


def _ask(pki: str, envoy: str, idp: str) -> int:
    return asyncio.run(ask(Path(pki), envoy, idp))


def _serve_tool(application: Starlette, pki: str, address: str) -> int:
    folder = Path(pki)
    own = Tls(folder / "own.pem", folder / "own.key", folder / "roots.pem")
    serve(application, own, _address(address))
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


PARTS: dict[str, Callable[..., int]] = {
    "prepare": _prepare,
    "issuer": _issuer,
    "docs": _docs,
    "search": _search,
    "ask": _ask,
}


def main() -> int:
    """Run the part that the command line names."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in PARTS or len(arguments) != PARTS[name].__code__.co_argcount:
        print(__doc__, file=sys.stderr)
        return 2
    return PARTS[name](*arguments)


if __name__ == "__main__":
    sys.exit(main())
