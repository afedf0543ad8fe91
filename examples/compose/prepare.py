"""Making what the containers need: the gate's home, and for each part its own certificate."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from authz.tokens.jwks import public_jwks
from examples.demo.issuer import KEY_ID
from examples.demo.places import AGENT_IDS, SERVICE_ID, TOOL_ID, WORLD
from examples.edge.certificates import Authority
from examples.edge.envoy import ENVOY_ID

GATE_ID = "spiffe://example.org/ns/narrowgate/sa/gate"
DECLARED, SERVED = "127.0.0.1:${GATE_PORT}", "0.0.0.0:9001"


def prepare(folder: Path) -> str:
    """
    Fill the folder of each part, which may be a volume of its own; say what was done.

    Nobody finds the key of another part in its folder. What is there stays: other
    certificates would fit neither what runs nor each other.
    """
    gate = folder / "gate"
    if (gate / "directory").exists():
        return "all is there; `docker compose down --volumes` makes room for new certificates"
    with TemporaryDirectory() as made:
        for part, files in _files(Authority(Path(made))).items():
            for name, file in files.items():
                _give(file, folder / part / name)
    _give_issuer(folder / "issuer", gate)
    for each in ("policies", "directory"):
        shutil.copytree(WORLD / each, gate / each, dirs_exist_ok=True)
    document = gate / "directory/global/gate.yaml"
    document.write_text(document.read_text().replace(DECLARED, SERVED))
    return f"made {', '.join(sorted(each.name for each in folder.iterdir()))}"


def _files(authority: Authority) -> dict[str, dict[str, Path]]:
    """Make every certificate; give the files of each part by the names that it has for them."""
    own = {
        "docs": authority.issue("docs", TOOL_ID),
        "search": authority.issue("search", SERVICE_ID),
    }
    parts = {part: _pair("own", pair) for part, pair in own.items()}
    parts["gate/pki"] = _pair("gate", authority.issue("gate", GATE_ID))
    parts["envoy"] = _pair("envoy", authority.issue("envoy", ENVOY_ID, host="envoy"))
    parts["agents"] = {}
    for name, identity in AGENT_IDS.items():
        parts["agents"] |= _pair(name, authority.issue(name, identity))
    return {part: {**files, "roots.pem": authority.roots} for part, files in parts.items()}


def _pair(name: str, pair: tuple[Path, Path]) -> dict[str, Path]:
    certificate, key = pair
    return {f"{name}.pem": certificate, f"{name}.key": key}


def _give(made: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(made, place)


def _give_issuer(folder: Path, gate: Path) -> None:
    """Make the key of the token issuer; the gate gets the public half."""
    key = ec.generate_private_key(ec.SECP256R1())
    folder.mkdir(parents=True, exist_ok=True)
    private = folder / "key.pem"
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (gate / "keys").mkdir(parents=True, exist_ok=True)
    (gate / "keys/corp.jwks.json").write_bytes(public_jwks({KEY_ID: key.public_key()}))
