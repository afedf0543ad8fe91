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
SERVICE = "\nservice "


def compile_into(folder: Path) -> None:
    """
    Compile every proto file into *folder*.

    Raises:
        RuntimeError: the compiler refuses one.
    """
    included = (PROTOS, Path(grpc_tools.__path__[0], "_proto"), Path(rpc.__path__[0], "../.."))
    includes = [f"-I{path}" for path in included]
    for path in sorted(PROTOS.glob("**/*.proto")):
        kinds = ["python", "pyi", *(["grpc_python"] if SERVICE in path.read_text() else [])]
        outputs = [f"--{kind}_out={folder}" for kind in kinds]
        code = protoc.main(["protoc", *includes, *outputs, path.relative_to(PROTOS).as_posix()])
        if code != 0:
            raise RuntimeError(f"protoc ended with {code} on {path.name}")


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
