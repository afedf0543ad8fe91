"""The worked world of `tests/world`, made ready in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from authz.sources.declared import read_declared
from authz.tokens.signing_keys import SigningKeys
from authz.world import World
from tests.support.keys import jwks, open_signing_keys, private_pem

WORLD = Path(__file__).parent.parent / "world"

ISSUER_KEYS = {"corp": ("corp-1", "corp-2"), "partner": ("partner-1",), "ops": ("ops-1",)}
OWN_KEY = "gate-1"


def prepare_home(folder: Path) -> Path:
    """Copy the world into *folder* and give every issuer, and the gate, its keys."""
    home = folder / "home"
    shutil.copytree(WORLD, home)
    (home / "keys").mkdir()
    for issuer, names in ISSUER_KEYS.items():
        (home / "keys" / f"{issuer}.jwks.json").write_bytes(jwks(*names))
    own = home / "keys" / "gate"
    own.mkdir(mode=0o700)
    pem = own / f"{OWN_KEY}.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(private_pem(OWN_KEY))
    return home


def give_resource(home: Path, resource: str) -> None:
    """Let tools/docs name *resource* as its own, within its Cell."""
    cells, server = home / "directory/global/cells.yaml", home / "directory/ns/tools/docs.yaml"
    for document, before, after in (
        (
            cells,
            "maxScopes: [], identities",
            f"maxScopes: [], resources: ['{resource}'], identities",
        ),
        (server, "  callers:", f"  resource: {resource}\n  callers:"),
    ):
        text = document.read_text()
        assert text.count(before) == 1, document
        document.write_text(text.replace(before, after))


def load_world(home: Path) -> tuple[World, SigningKeys]:
    """Load the world of *home* with the gate's own keys."""
    declared = read_declared(home)
    keys = open_signing_keys(home / declared.directory.gate.keys_folder)
    return declared.world(keys.public), keys
