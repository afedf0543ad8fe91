"""Compiles `protos/` into `authz/_proto`.

    python -m tools.proto [--check]

With `--check` nothing is written, and the exit code says whether the checked-in
code is what the compiler makes.
"""

from __future__ import annotations

import filecmp
import sys
import tempfile
from pathlib import Path

import grpc_tools
from google import rpc
from grpc_tools import protoc

ROOT = Path(__file__).parent.parent
PROTOS = ROOT / "protos"
PACKAGE = Path("authz/_proto")


def compile_into(folder: Path) -> None:
    """
    Compile every proto file into *folder*.

    Raises:
        RuntimeError: the compiler refuses one.
    """
    included = (PROTOS, Path(grpc_tools.__path__[0], "_proto"), Path(rpc.__path__[0], "../.."))
    files = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("**/*.proto"))
    outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    code = protoc.main(["protoc", *(f"-I{path}" for path in included), *outputs, *files])
    if code != 0:
        raise RuntimeError(f"protoc ended with {code}")


def main() -> int:
    """Compile, or with `--check` compare."""
    if "--check" not in sys.argv:
        compile_into(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        compile_into(Path(fresh))
        names = [path.name for path in Path(fresh, PACKAGE).iterdir()]
        _, differ, missing = filecmp.cmpfiles(
            ROOT / PACKAGE, Path(fresh, PACKAGE), names, shallow=False
        )
    if differ or missing:
        print(f"stale: {', '.join([*differ, *missing])}; run `make proto`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
