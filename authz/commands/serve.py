"""`authz serve`: answer Envoy's Checks until told to stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from authz.settings import LOG_LEVELS, STATUS_SOCKET, Front, HttpAddress, Otlp, ServeSettings

EXAMPLES = """\
Examples:

\b
  authz serve /etc/narrowgate
  authz serve ./world --http 127.0.0.1:9002 --log-level debug
  authz serve /etc/narrowgate --workers 4
  authz serve /etc/narrowgate --metrics 127.0.0.1:9003 --otlp http://127.0.0.1:4317
  NARROWGATE_HOME=/etc/narrowgate authz serve

\b
Exit codes: 0 stopped cleanly, 1 internal error, 2 usage,
3 the world does not load (each mistake is logged with its place),
4 an address, key or record file cannot be used.
"""


def _address(text: str) -> str:
    try:
        HttpAddress.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def _address_or_none(text: str | None) -> str | None:
    return None if text is None else _address(text)


def _level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(LOG_LEVELS)}")
    return text


def serve(  # noqa: PLR0913, PLR0917 - an option each
    home: Annotated[
        Path,
        typer.Argument(
            envvar="NARROWGATE_HOME",
            exists=True,
            file_okay=False,
            help="Folder with directory/ and policies/. Relative paths in documents start here.",
        ),
    ],
    http: Annotated[
        str,
        typer.Option(
            callback=_address,
            metavar="HOST:PORT",
            envvar="NARROWGATE_HTTP",
            help="Where JWKS and probes are served; port 0 lets the system choose.",
        ),
    ] = "127.0.0.1:9002",
    log_level: Annotated[
        str,
        typer.Option(
            callback=_level,
            envvar="NARROWGATE_LOG_LEVEL",
            help="debug, info, warning or error; logs are JSON lines on standard error.",
        ),
    ] = "info",
    drain_seconds: Annotated[
        float,
        typer.Option(min=0, envvar="NARROWGATE_DRAIN_SECONDS", help="Time for Checks under way."),
    ] = 5.0,
    metrics: Annotated[
        str | None,
        typer.Option(
            callback=_address_or_none,
            metavar="HOST:PORT",
            envvar="NARROWGATE_METRICS",
            help="Where Prometheus reads /metrics, such as 127.0.0.1:9003; nowhere by default.",
        ),
    ] = None,
    otlp: Annotated[
        str | None,
        typer.Option(
            metavar="ENDPOINT",
            envvar="NARROWGATE_OTLP",
            help="Where metrics and traces are sent by OTLP over gRPC, such as"
            " http://127.0.0.1:4317; the OTEL_* variables say more (docs/telemetry.md).",
        ),
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option(
            metavar="SOCKET",
            envvar="NARROWGATE_STATUS",
            help="Where `authz status` asks, open to the user of the gate alone;"
            " HOME/status.sock by default.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            envvar="NARROWGATE_WORKERS",
            help="Processes that serve, each at addresses of its own (docs/operations.md).",
        ),
    ] = 1,
    front: Annotated[
        Front,
        typer.Option(
            envvar="NARROWGATE_FRONT",
            help="What speaks gRPC: grpcio, or pyvoy, which is faster, larger and an extra.",
        ),
    ] = Front.GRPCIO,
) -> None:
    """Answer Envoy's Checks until SIGTERM or SIGINT."""
    settings = ServeSettings(
        home,
        HttpAddress.parse(http),
        log_level,
        drain_seconds,
        metrics=HttpAddress.parse(metrics) if metrics else None,
        otlp=_otlp(otlp),
        status=status or home / STATUS_SOCKET,
        workers=workers,
    )
    raise typer.Exit(_run(settings, front))


def _otlp(endpoint: str | None) -> Otlp | None:
    try:
        return Otlp.of(endpoint, os.environ)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _run(settings: ServeSettings, front: Front) -> int:
    # Other commands do not wait for what serves, nor does a supervisor.
    if settings.workers > 1 and front is Front.PYVOY:
        raise typer.BadParameter("--workers goes with --front grpcio alone")
    if settings.workers > 1:
        from authz.workers.supervisor import supervise  # noqa: PLC0415

        return supervise(settings)
    if front is Front.PYVOY:
        from authz.commands.embedded import serve_embedded  # noqa: PLC0415

        return serve_embedded(settings)
    from authz.app import serve as run  # noqa: PLC0415

    return run(settings)


serve.__doc__ = f"{serve.__doc__}\n\n{EXAMPLES}"
