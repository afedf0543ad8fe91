"""Tries our pre-commit hooks and the example workflow on a repository of policies.

    python -m tools.policy_ci

A repository is made in an empty folder, with a world and the hooks as
docs/policy-ci.md tells them, from what is committed here. A sound change can be
committed, and the workflow's steps pass; with a broken policy a commit is refused,
the steps fail, and both say where. The workflow's actions are GitHub's: only its
`run` steps are done here, by bash as a runner does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.keys import jwks

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
WORKFLOW = ROOT / "examples/ci/narrowgate.yml"
PAGE = ROOT / "docs/policy-ci.md"
BROKEN = "world/policies/global/grants.cedar"
WORD = ("resource.readOnly", "resource.readonly")
ISSUERS = ("corp", "ops", "partner")
SECONDS = 300
"""For one command; the first commit installs what the hooks run."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    told: str


class NotAsPromised(Exception):
    """What a page or an example says does not hold."""


def run(folder: Path, variables: Mapping[str, str], *command: str | Path) -> Done:
    """Run a command in *folder*."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Done(ended.returncode, ended.stdout)


def expect(done: Done, *, passes: bool, says: str = "") -> None:
    """
    Check how a command ended and what it told.

    Raises:
        NotAsPromised: otherwise.
    """
    if (done.code == 0) != passes or re.search(says, done.told) is None:
        wanted = f"to {'pass' if passes else 'fail'}, and /{says}/"
        raise NotAsPromised(f"expected {wanted}; it ended with {done.code}:\n{done.told}")


def hooks() -> str:
    """Give the configuration that the page tells, for what is committed here."""
    (block,) = re.findall(
        r"^```yaml\n(repos:\n.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    head = run(ROOT, {}, "git", "rev-parse", "HEAD").told.strip()
    config: dict[str, Any] = yaml.safe_load(block)
    (repository,) = config["repos"]
    repository |= {"repo": str(ROOT), "rev": head}
    return yaml.safe_dump(config)


def make_repository(folder: Path, variables: Mapping[str, str]) -> None:
    """Make a repository with a world, and with our hooks installed."""
    world = folder / "world"
    for part in ("directory", "policies", "tests"):
        shutil.copytree(ROOT / "tests/world" / part, world / part)
    (world / "keys").mkdir()
    for issuer in ISSUERS:
        (world / f"keys/{issuer}.jwks.json").write_bytes(jwks(f"{issuer}-1"))
    (folder / ".pre-commit-config.yaml").write_text(hooks())
    for command in (
        ("git", "init", "--quiet"),
        ("git", "config", "user.name", "Somebody"),
        ("git", "config", "user.email", "somebody@example.com"),
        (BIN / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"),
        (BIN / "pre-commit", "install"),
    ):
        expect(run(folder, variables, *command), passes=True)


def commit(folder: Path, variables: Mapping[str, str]) -> Done:
    """Commit everything, which runs the hooks."""
    run(folder, variables, "git", "add", "--all")
    return run(folder, variables, "git", "commit", "--message", "Change the world")


def steps(python: Path) -> Iterator[tuple[str, str, bool, dict[str, str]]]:
    """Give name, script, whether it is run after a failure, and variables of each `run` step."""
    (job,) = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**job["env"], "NARROWGATE": str(ROOT), "PATH": path}
    for step in job["steps"]:
        if "run" in step:
            yield step["name"], step["run"], step.get("if") == "always()", variables


def workflow(folder: Path, variables: Mapping[str, str], python: Path) -> Done:
    """Do the workflow's steps; give whether one failed, and all that was told."""
    code, told = 0, ""
    for name, script, is_always, more in steps(python):
        if code == 0 or is_always:
            shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
            workspace = {"GITHUB_WORKSPACE": str(folder)}
            done = run(folder, {**variables, **more, **workspace}, *shell)
            code, told = code or done.code, f"{told}## {name}\n{done.told}"
    return Done(code, told)


def results(folder: Path, name: str) -> list[str]:
    """Give file, line and column of every result of a SARIF file."""
    (only,) = json.loads((folder / name).read_text())["runs"]
    places = [each["locations"][0]["physicalLocation"] for each in only["results"]]
    return [
        f"{at['artifactLocation']['uri']}:{at['region']['startLine']}:{at['region']['startColumn']}"
        for at in places
    ]


def main() -> int:
    """Try everything; what does not hold is printed."""
    checked = run(
        ROOT, {}, BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW
    )
    try:
        expect(checked, passes=True)
        with tempfile.TemporaryDirectory(prefix="policy-ci-") as name:
            _try(Path(name) / "repository", {"PRE_COMMIT_HOME": f"{name}/hooks"})
    except NotAsPromised as error:
        print(error)
        return 1
    return 0


def _try(folder: Path, variables: Mapping[str, str]) -> None:
    folder.mkdir()
    make_repository(folder, variables)
    expect(commit(folder, variables), passes=True, says=r"test policies.*Passed")
    _say("a sound world is committed")
    (python,) = Path(variables["PRE_COMMIT_HOME"]).glob("repo*/py_env-*/bin/python")
    expect(workflow(folder, variables, python), passes=True)
    if any(place.startswith(BROKEN) for place in results(folder, "policies.sarif")):
        raise NotAsPromised("a sound policy has a result")
    _say("the workflow's steps pass")
    text = (folder / BROKEN).read_text()
    (folder / BROKEN).write_text(text.replace(*WORD))
    line = text[: text.index(WORD[0])].count("\n") + 1
    refused = rf"{BROKEN.removeprefix('world/')}:{line}:\d+: error: .*readonly"
    expect(commit(folder, variables), passes=False, says=refused)
    _say("a commit with a broken policy is refused, and told where it is wrong")
    failed = rf"\n::error file={BROKEN},line={line},col=\d+,title=policy-type.*readonly"
    expect(workflow(folder, variables, python), passes=False, says=failed)
    if not any(
        place.startswith(f"{BROKEN}:{line}:") for place in results(folder, "policies.sarif")
    ):
        raise NotAsPromised("the SARIF file does not say where the policy is wrong")
    _say("the workflow fails beside its line, and its SARIF file says so as well")


def _say(what: str) -> None:
    print(f"ok: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
