"""What the command line and the environment say at start, and what a command ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from urllib.parse import urlsplit

STATUS_SOCKET = "status.sock"
"""In the home of a gate, where nobody says otherwise."""

LOG_LEVELS = ("debug", "info", "warning", "error")


class Exit(IntEnum):
    """Exit codes of the command, as documented."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INVALID_WORLD = 3
    CANNOT_START = 4
    DEGRADED = 5
    UNREACHABLE = 6


class Front(StrEnum):
    """What speaks gRPC with Envoy."""

    GRPCIO = "grpcio"
    PYVOY = "pyvoy"


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where an HTTP face of ours listens. Port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> HttpAddress:
        """
        Read `host:port`; an IPv6 host stands in brackets.

        Raises:
            ValueError: it is no address.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is no host:port")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))


@dataclass(frozen=True, slots=True)
class Otlp:
    """Where metrics and spans are sent, and how many of them."""

    endpoint: str | None
    """None where the standard variables say where to."""

    traces: bool = True
    metrics: bool = True
    share: float = 1.0
    """Of Checks that get a span, where no Envoy has decided about it."""

    interval: float = 60.0
    """Seconds from one sending of metrics to the next."""

    seconds: float = 5.0
    """That one sending may take."""

    @classmethod
    def of(cls, option: str | None, variables: Mapping[str, str]) -> Otlp | None:
        """
        Read the option and the standard variables (OpenTelemetry, SDK environment variables).

        Raises:
            ValueError: the value of a variable is no such number, or no address; it names which.
        """
        given = {name: value for name, value in variables.items() if value.strip()}
        is_off = given.get("OTEL_SDK_DISABLED", "").lower() == "true"
        # What does not count may be for other programs, whose form of an address is another.
        counting = {each: given.get(each) for each in _ENDPOINTS}
        if option is not None:
            counting = {"--otlp": option}
        if not is_off:
            for name, value in counting.items():
                _check_endpoint(name, value)
        everywhere = option or given.get(f"{_OTLP}_ENDPOINT")
        traces = everywhere or given.get(f"{_OTLP}_TRACES_ENDPOINT")
        metrics = everywhere or given.get(f"{_OTLP}_METRICS_ENDPOINT")
        told = cls(
            option,
            traces=bool(traces) and given.get("OTEL_TRACES_EXPORTER") != "none",
            metrics=bool(metrics) and given.get("OTEL_METRICS_EXPORTER") != "none",
            share=_share(given),
            interval=_interval(given),
            seconds=_number(given, f"{_OTLP}_TIMEOUT", 5),
        )
        return told if not is_off and (told.traces or told.metrics) else None


_OTLP = "OTEL_EXPORTER_OTLP"
_ENDPOINTS = (f"{_OTLP}_ENDPOINT", f"{_OTLP}_TRACES_ENDPOINT", f"{_OTLP}_METRICS_ENDPOINT")
_LEAST_INTERVAL, _MOST_INTERVAL = 100, 86_400_000
"""Milliseconds. With less the process would do little else, and more nobody means."""


def _check_endpoint(name: str, value: str | None) -> None:
    if value is not None and not (_is_url(value) or _is_host_and_port(value)):
        raise ValueError(f"{name}: {value!r} is no address, such as http://127.0.0.1:4317")


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _is_host_and_port(text: str) -> bool:
    """Say whether it is an address as gRPC has it, which the standard variables allow."""
    try:
        return "/" not in HttpAddress.parse(text).host
    except ValueError:
        return False


def _interval(given: Mapping[str, str]) -> float:
    milliseconds = _number(given, "OTEL_METRIC_EXPORT_INTERVAL", 60_000)
    if not _LEAST_INTERVAL <= milliseconds <= _MOST_INTERVAL:
        raise ValueError(
            f"OTEL_METRIC_EXPORT_INTERVAL: {milliseconds:g} is no interval; it is from"
            f" {_LEAST_INTERVAL} to {_MOST_INTERVAL} milliseconds"
        )
    return milliseconds / 1000


def _share(given: Mapping[str, str]) -> float:
    sampler = given.get("OTEL_TRACES_SAMPLER", "").removeprefix("parentbased_")
    if sampler in ("always_off", "always_on"):
        return float(sampler == "always_on")
    share = _number(given, "OTEL_TRACES_SAMPLER_ARG", 1)
    if share > 1:
        raise ValueError(f"OTEL_TRACES_SAMPLER_ARG: {share:g} is no share; it is from 0 to 1")
    return share


def _number(given: Mapping[str, str], name: str, otherwise: float) -> float:
    text = given.get(name, str(otherwise))
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name}: {text!r} is no number from 0 on")
    return number


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What `authz serve` needs to know beside the world."""

    home: Path
    """Folder with `directory/` and `policies/`; relative paths in documents start here."""

    http: HttpAddress
    log_level: str
    """One of `LOG_LEVELS`."""

    drain_seconds: float
    """How long a stop waits for Checks that are under way."""

    notice_seconds: float = 0.0
    """How long a stop is told to health checks before it begins."""

    metrics: HttpAddress | None = None
    """Where metrics are shown; None for nowhere."""

    otlp: Otlp | None = None
    """Where metrics and spans are sent; None for nowhere."""

    status: Path | None = None
    """The socket at which `authz status` is told how it stands; None for none."""

    workers: int = 1
    """How many processes serve; more than one are looked after by another."""
