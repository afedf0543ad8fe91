"""`authz envoy`: the Envoy that stands in front of the gate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from authz.commands.envoy_plan import CannotPlan, Wanted, plan_of
from authz.commands.options import Home
from authz.commands.report import Sources, pretty
from authz.directory.compiled import Directory
from authz.directory.diagnostics import InvalidWorld
from authz.directory.load import load_directory
from authz.envoy.plan import MAX_BODY_BYTES, Plan
from authz.settings import Exit
from authz.sources.folder import read_folders

envoy = typer.Typer(
    help="Configure the Envoy in front of the gate.", no_args_is_help=True, rich_markup_mode=None
)

MOST_BODY_BYTES = 16 * 1024 * 1024
NEEDS = "this command needs envoy-data-plane: pip install 'narrowgate[envoy]'"


class Form(StrEnum):
    """How the bootstrap is written."""

    YAML = "yaml"
    JSON = "json"


EXAMPLES = """\
Every declared target that callers of the listener can reach gets a route that names it
to the gate, and a cluster. What nobody may say is stripped first; what the gate may
change, bodies, time-outs, breakers and health checks follow docs/envoy.md. Paths of
files are those that Envoy sees.

\b
Examples:

\b
  Agents by mTLS, the gate by its socket, targets at their declared hosts:
    authz envoy config /etc/narrowgate --listener agents --listen 0.0.0.0:8443 \\
      --certificate pki/envoy.pem --key pki/envoy.key --client-roots pki/roots.pem \\
      --upstream-roots pki/roots.pem --output envoy.yaml
  A gate elsewhere by mTLS, and a target at an address of its own:
    authz envoy config ./world --listener tcp --gate gate.example:9001 \\
      --gate-identity spiffe://example.org/ns/narrowgate/sa/gate \\
      --certificate envoy.pem --key envoy.key --client-roots roots.pem \\
      --upstream tools/docs=https://10.0.0.7:8443 \\
      --upstream-identity tools/docs=spiffe://example.org/ns/tools/sa/docs
  Then: envoy --mode validate -c envoy.yaml

\b
Exit codes: 0 written, 1 internal error, 2 usage (an option is missing, or does not go
with what is declared), 3 the directory does not load (its mistakes are shown),
4 it cannot be written, or envoy-data-plane is not installed.
"""


def config(  # noqa: PLR0913, PLR0917 - an option each
    home: Home = Path(),
    listener: Annotated[
        str | None,
        typer.Option(help="Which of the Gate's listeners Envoy asks; needed where it has several."),
    ] = None,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where callers reach Envoy.")
    ] = "127.0.0.1:8443",
    certificate: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Envoy's own, shown to callers, gate and targets."),
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help="Its private key.")] = None,
    client_roots: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[DOMAIN=]FILE",
            help="Who signs callers' certificates; one for each trust domain where there are"
            " several.",
        ),
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="HOST:PORT or unix:PATH of the gate, or of each worker; as declared by default.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="As of authz serve --workers: an endpoint each.")
    ] = 1,
    gate_identity: Annotated[
        str | None,
        typer.Option(metavar="SPIFFE-ID", help="In the gate's certificate, where it is mTLS."),
    ] = None,
    gate_roots: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Who signs it; by default the first --client-roots."),
    ] = None,
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET=URL",
            help="Where a target is: https://HOST[:PORT], or http:// for one without TLS;"
            " by default https at the first of its declared hosts.",
        ),
    ] = None,
    upstream_identity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET=SPIFFE-ID",
            help="In a target's certificate; by default its host's name is.",
        ),
    ] = None,
    upstream_roots: Annotated[
        str, typer.Option(metavar="FILE", help="Who signs targets' certificates.")
    ] = "/etc/ssl/certs/ca-certificates.crt",
    admin: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Where Envoy is administered: unix:PATH or a port of 127.0.0.1; nowhere by"
            " default.",
        ),
    ] = None,
    max_body: Annotated[
        int,
        typer.Option(min=1, max=MOST_BODY_BYTES, metavar="BYTES", help="What is more gets 413."),
    ] = MAX_BODY_BYTES,
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write here, not to standard output.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.YAML,
) -> None:
    """Write a whole Envoy bootstrap for the declared targets."""
    wanted = Wanted(
        listener=listener,
        listen=listen,
        certificate=certificate,
        key=key,
        client_roots=client_roots or (),
        gate=gate or (),
        workers=workers,
        gate_identity=gate_identity,
        gate_roots=gate_roots,
        upstreams=upstream or (),
        upstream_identities=upstream_identity or (),
        upstream_roots=upstream_roots,
        admin=admin,
        max_body_bytes=max_body,
    )
    try:
        plan = plan_of(wanted, _declared(home), home)
    except CannotPlan as error:
        raise typer.BadParameter(str(error)) from None
    _write(_text(plan, form), output, plan)


config.__doc__ = f"{config.__doc__}\n\n{EXAMPLES}"
envoy.command()(config)


@envoy.callback()
def _group() -> None:
    """Let `config` be a word of its own, though it is the only one."""


def _declared(home: Path) -> Directory:
    """Read `directory/`; the keys that issuers name may be elsewhere. Mistakes are no bootstrap."""
    try:
        (files,) = read_folders(home, ("directory",))
        directory, _ = load_directory(files)
    except InvalidWorld as error:
        output = Console(stderr=True, highlight=False, markup=False, emoji=False)
        output.print(pretty(error.diagnostics, Sources(home)), soft_wrap=True)
        raise typer.Exit(Exit.INVALID_WORLD) from None
    return directory


def _text(plan: Plan, form: Form) -> str:
    # Large, slow to import, and an extra: nothing else waits for it.
    try:
        from authz.envoy.bootstrap import as_json, as_yaml, bootstrap_of  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in {"envoy_data_plane", "betterproto2"}:
            raise
        raise _cannot(NEEDS) from None
    bootstrap = bootstrap_of(plan)
    if form is Form.JSON:
        return as_json(bootstrap)
    title = (
        f"An Envoy before listener {plan.listener.name!r} of the gate, written by"
        " `authz envoy config`.\nWhat each line is for: docs/envoy.md."
    )
    return as_yaml(bootstrap, title)


def _write(text: str, output: Path | None, plan: Plan) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise _cannot(f"{output} cannot be written: {error.strerror}") from None
    targets = ", ".join(each.target.name for each in plan.upstreams)
    typer.echo(f"{output}: {plan.entrance.address} to {targets}", err=True)


def _cannot(why: str) -> typer.Exit:
    typer.echo(why, err=True)
    return typer.Exit(Exit.CANNOT_START)
