"""`authz envoy config` as tests call it, and the real Envoy's word on what it writes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner, Result

from authz.commands.main import application
from examples.edge.certificates import Authority
from examples.edge.envoy import ENVOY_ID, binary

VALIDATE_SECONDS = 20


def run_config(home: Path, *options: str) -> Result:
    """Run the command on *home*."""
    return CliRunner().invoke(application, ["envoy", "config", str(home), *options])


def configured(home: Path, *options: str) -> dict[str, Any]:
    """Give the bootstrap that the command writes."""
    result = run_config(home, *options)
    assert result.exit_code == 0, result.stderr
    bootstrap: dict[str, Any] = yaml.safe_load(result.stdout)
    return bootstrap


def identity_options(authority: Authority) -> list[str]:
    """Give the options of an Envoy with a certificate of *authority*."""
    certificate, key = authority.issue("envoy", ENVOY_ID)
    return ["--certificate", str(certificate), "--key", str(key)]


def mtls_options(authority: Authority) -> list[str]:
    """Give the same, for callers that show certificates of it too."""
    roots = str(authority.roots)
    options = [*identity_options(authority), "--client-roots", roots]
    return [*options, "--upstream-roots", roots]


def envoy_refuses(file: Path, folder: Path | None = None) -> str:
    """Let Envoy validate *file*, started in *folder*; give what it complains of, or nothing."""
    command = [str(binary()), "--mode", "validate", "--config-path", str(file)]
    done = subprocess.run(
        [*command, "--log-level", "warning"],
        capture_output=True,
        cwd=folder,
        timeout=VALIDATE_SECONDS,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.decode()
