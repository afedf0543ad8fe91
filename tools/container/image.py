"""Doing what a Dockerfile says, in folders that stand for images.

There is no container here: paths of an image are paths below its folder, the base is
the Python that runs this, and who owns a file is left alone. What is shown is that
each file that is copied is there, each command does what it should with nothing else
lying around, and the image has all that its command needs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tools.container.dockerfile import NotUnderstood, Stage, Step

OWN = ("app", "demo", "etc/envoy", "etc/narrowgate", "opt", "run/envoy", "src")
"""What is an image's own below its root; all else is the machine's."""

STEP_SECONDS = 600
NO_CACHE, PIP_CACHE = "PIP_NO_CACHE_DIR", Path.home() / ".cache" / "pip"
"""An image keeps no downloads; here they make the second time quick."""

_PATH = re.compile(rf"(?<![\w./:-])/(?=(?:{'|'.join(OWN)})(?:[/\s\"']|$))")


class StepFailed(Exception):
    """A step did not do what it should; the message is the end of what it said."""


@dataclass
class Image:
    """What a stage has made."""

    root: Path
    folder: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    user: str = "0:0"

    def inside(self, text: str) -> str:
        """Give *text* with every path of the image where it lies on this machine."""
        return _PATH.sub(f"{self.root}/", text)

    def place(self, path: str) -> Path:
        """Give where *path*, perhaps relative to the working folder, lies."""
        return self.root / os.path.normpath(f"{self.folder}/{path}" if path[0] != "/" else path)[1:]

    @property
    def environment(self) -> dict[str, str]:
        """What a process of it finds: nothing of ours but the ways to a package index."""
        kept = {name: value for name, value in os.environ.items() if _is_kept(name)}
        own = {name: value for name, value in self.variables.items() if name != NO_CACHE}
        return {**kept, "HOME": str(self.root / "tmp"), "PIP_CACHE_DIR": str(PIP_CACHE), **own}


def _is_kept(name: str) -> bool:
    return name.upper().startswith(("PIP_", "UV_", "HTTP", "SSL_", "NO_PROXY", "REQUESTS_"))


def build(stages: dict[str, Stage], context: Path, work: Path) -> dict[str, Image]:
    """
    Do every stage below *work*, from the files of *context*.

    Raises:
        StepFailed: a step failed.
        NotUnderstood: a step is written in a way that is not known here.
    """
    tools = _base(work / "base")
    images: dict[str, Image] = {}
    for stage in stages.values():
        image = _begin(stage, images, work / stage.name, tools)
        for step in stage.steps:
            print(step, flush=True)
            _do(step, image, images, context)
        images[stage.name] = image
    return images


def _base(folder: Path) -> str:
    """Give a PATH on which `python` is, as in the base image, and where nobody is given files."""
    folder.mkdir(parents=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "python").symlink_to(Path(sys.base_prefix, "bin", version))
    chown = folder / "chown"
    chown.write_text("#!/bin/sh\n")
    chown.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def _begin(stage: Stage, images: dict[str, Image], root: Path, tools: str) -> Image:
    base = images.get(stage.base)
    if base is None:
        root.mkdir()
        image = Image(root, variables={"PATH": tools})
    else:
        # Steps of ours replace files and change none in place, so stages may share them.
        shutil.copytree(base.root, root, symlinks=True, copy_function=os.link)
        variables = {
            name: value.replace(str(base.root), str(root)) for name, value in base.variables.items()
        }
        image = Image(root, base.folder, variables, base.entrypoint, base.command, base.user)
    (root / "tmp").mkdir(exist_ok=True)
    return image


def _do(step: Step, image: Image, images: dict[str, Image], context: Path) -> None:
    match step.word:
        case "WORKDIR":
            image.folder = step.rest
            image.place(step.rest).mkdir(parents=True, exist_ok=True)
        case "ENV":
            for pair in step.rest.split():
                name, _, value = pair.partition("=")
                before = image.variables.get("PATH", "")
                image.variables[name] = image.inside(value).replace("$PATH", before)
        case "USER":
            image.user = step.rest
        case "ENTRYPOINT":
            image.entrypoint, image.command = step.words, []
        case "CMD":
            image.command = step.words
        case "COPY":
            _copy(step, image, images, context)
        case "RUN":
            _run(step, image)
        case "EXPOSE" | "HEALTHCHECK":
            pass
        case _:
            raise NotUnderstood(str(step))


def _copy(step: Step, image: Image, images: dict[str, Image], context: Path) -> None:
    *options, last = step.rest.split()
    source = context
    if options[0].startswith("--from="):
        source = images[options.pop(0).removeprefix("--from=")].root
    for name in options:
        there = source / name.lstrip("/")
        if not there.exists():
            raise StepFailed(f"{step}: {name} is not there; does .dockerignore leave it out?")
        target = image.place(last)
        if there.is_dir():
            linked = os.link if source != context else shutil.copy
            shutil.copytree(there, target, symlinks=True, dirs_exist_ok=True, copy_function=linked)
        else:
            target = target / there.name if last.endswith("/") else target
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(there, target)


def _run(step: Step, image: Image) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", image.inside(step.rest)],
        cwd=image.place(image.folder),
        env=image.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=STEP_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StepFailed(f"{step}: ended with {done.returncode}\n{done.stdout.decode()[-2000:]}")
