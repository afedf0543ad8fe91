"""`make container-check`: the steps of the Dockerfile and the services of the Compose file.

    python -m tools.container

Without containers: in an empty folder it copies what the build would see, does each
step of each stage, starts every service with its own command and health check, and
lets the agent ask. Not shown: base images, users, capabilities, read-only roots, networks.
"""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.container.dockerfile import NotUnderstood, stages_of
from tools.container.image import StepFailed, build
from tools.container.services import Composed

ROOT = Path(__file__).parent.parent.parent
SERVED = ("gate", "docs", "search", "issuer", "envoy")


def sent_files() -> Iterator[str]:
    """Give the files of a clean clone that .dockerignore lets through."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    lines = (ROOT / ".dockerignore").read_text().split()
    taken = {line[1:] for line in lines if line.startswith("!")}
    left = [line for line in lines if line.startswith("**/")]
    for name in told.stdout.decode().split("\0"):
        first = name.partition("/")[0]
        is_left = any(fnmatch.fnmatch(f"/{name}/", f"*/{line[3:]}/*") for line in left)
        if first in taken and not is_left and (ROOT / name).is_file():
            yield name


def check(work: Path) -> None:
    """Do it all below *work*."""
    context = work / "context"
    for name in sent_files():
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, context / name)
    images = build(stages_of((ROOT / "Dockerfile").read_text()), context, work)
    composed = Composed.read(ROOT / "docker-compose.yml", images, work)
    print(f"prepare: {composed.finish('prepare').strip()}", flush=True)
    gate = work / "volumes/gate/directory/global/gate.yaml"
    gate.write_text(composed.here(gate.read_text(), "gate"))
    with composed.running(*SERVED):
        print(f"{', '.join(SERVED)}: all are well", flush=True)
        try:
            print(composed.finish("ask"), end="", flush=True)
        except StepFailed:
            for name in SERVED:
                print(f"{name} said last:\n{composed.said(name)[-600:]}")
            raise


def main() -> int:
    """Check; the exit code says whether all went well."""
    with tempfile.TemporaryDirectory(prefix="narrowgate-container-") as work:
        try:
            check(Path(work))
        except (StepFailed, NotUnderstood, subprocess.TimeoutExpired) as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
