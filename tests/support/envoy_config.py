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
TCP_LISTENERS = """\
    - name: tls
      address: 127.0.0.1:9001
      direction: out
      identity: principal
      tls: {certificate: pki/gate.pem, key: pki/gate.key, clients: pki/roots.pem}
      callers: {spiffe: [spiffe://example.org/ns/edge/sa/envoy]}
    - {name: mesh, address: "0.0.0.0:9101", direction: out, identity: principal,
       callers: {mesh: a policy of the mesh}}
"""
GATE = "directory/global/gate.yaml"


def give_tcp_listeners(home: Path) -> Path:
    """Let the Gate of *home* listen by mTLS (`tls`) and on a plain port (`mesh`) too."""
    text = (home / GATE).read_text()
    assert text.count("  records:") == 1
    (home / GATE).write_text(text.replace("  records:", f"{TCP_LISTENERS}  records:"))
    return home


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
