"""Starting what docker-compose.yml starts, as processes of this machine.

Each service has an address of loopback for its own; what a container finds by name is
found there. Volumes are folders that the services which name them share.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from examples.edge.envoy import binary
from tools.container.image import Image, StepFailed

START_SECONDS = 60
EVERYWHERE = "0.0.0.0"  # noqa: S104 - replaced, not bound
ENDS = frozenset({"prepare", "ask"})
"""Services that do one thing and end."""


@dataclass(frozen=True)
class Composed:
    """A Compose file, and the images that its services run."""

    services: Mapping[str, Mapping[str, Any]]
    images: Mapping[str, Image]
    work: Path
    sources: Path
    """Where the file lies: what it mounts is found from there."""

    @classmethod
    def read(cls, file: Path, images: Mapping[str, Image], work: Path) -> Composed:
        """Read *file*."""
        return cls(yaml.safe_load(file.read_text())["services"], images, work, file.parent)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start the service *name*."""
        service = self.services[name]
        target = service.get("build", {}).get("target")
        # A service without an image of ours runs the one program that its image is for.
        image = self.images[target] if target else Image(self.work / name)
        image.root.mkdir(exist_ok=True)
        self._mount(service, image)
        entry = image.entrypoint if target else [str(binary())]
        words = [*entry, *service.get("command", image.command)]
        command = [self.here(image.inside(word), name) for word in words]
        folder = image.place(service.get("working_dir", image.folder))
        with (self.work / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=image.environment,
                executable=_found(command[0], image),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _mount(self, service: Mapping[str, Any], image: Image) -> None:
        for volume in service.get("volumes", ()):
            source, path, *_ = volume.split(":")
            place = image.root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if source.startswith("./"):
                text = self.here((self.sources / source).read_text(), "envoy")
                place.write_text(image.inside(text))
                continue
            shared = self.work / "volumes" / source
            shared.mkdir(parents=True, exist_ok=True)
            if place.is_dir() and not place.is_symlink():
                place.rmdir()
            if not place.is_symlink():
                place.symlink_to(shared)
        for mounted in service.get("tmpfs", ()):
            (image.root / mounted.partition(":")[0].lstrip("/")).mkdir(parents=True, exist_ok=True)

    def here(self, text: str, own: str) -> str:
        """Give *text* with loopback addresses for the service *own*, and for names of others."""
        text = text.replace(EVERYWHERE, self.address(own))
        for name in self.services:
            host = self.address(name)
            text = text.replace(f"://{name}:", f"://{host}:")
            text = text.replace(f"{{address: {name},", f"{{address: {host},")
        return text

    def address(self, name: str) -> str:
        """Give the address of a service; what Envoy shows to callers is for 127.0.0.1."""
        if name == "envoy":
            return "127.0.0.1"
        return f"127.0.57.{1 + sorted(self.services).index(name)}"

    def said(self, name: str) -> str:
        """Give what a service has said."""
        return (self.work / f"{name}.log").read_text(errors="replace")

    def finish(self, name: str) -> str:
        """
        Run a service that ends by itself; give what it said.

        Raises:
            StepFailed: it did not end well.
        """
        code = self.start(name).wait(START_SECONDS)
        if code:
            raise StepFailed(f"{name} ended with {code}\n{self.said(name)[-2000:]}")
        return self.said(name)

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        """Run services, each after the one before is well, until the block ends."""
        processes: list[subprocess.Popen[bytes]] = []
        try:
            for name in names:
                processes.append(self.start(name))
                self._wait(name, processes[-1])
            yield
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(START_SECONDS)

    def _wait(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until the health check of the service passes."""
        service = self.services[name]
        target = service.get("build", {}).get("target")
        image = self.images[target] if target else None
        _, *test = service["healthcheck"]["test"]
        check = [word.replace("127.0.0.1", self.address(name)) for word in test]
        path = _found(check[0], image) if image else check[0]
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            done = subprocess.run(
                check, executable=path, capture_output=True, timeout=START_SECONDS, check=False
            )
            if done.returncode == 0:
                return
            time.sleep(0.2)
        raise StepFailed(f"{name} is not well\n{self.said(name)[-2000:]}")


def _found(program: str, image: Image) -> str:
    """Give where *program* is on the PATH of *image*."""
    if "/" in program:
        return program
    for folder in image.variables["PATH"].split(":"):
        if (there := Path(folder, program)).exists():
            return str(there)
    raise StepFailed(f"the image has no {program}")
