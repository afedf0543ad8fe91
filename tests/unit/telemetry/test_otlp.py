"""What a sender of spans and metrics tells the log: no secret, whatever its library says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from authz.settings import Otlp
from authz.telemetry.counts import Counts, Seen, Totals
from authz.telemetry.otlp import sending_metrics, sending_spans
from tests.support.network import KeptLog

NOBODY = Otlp("http://127.0.0.1:9", seconds=0.1)


@pytest.mark.parametrize("headers", ["authorization: Bearer s3cr3t", "s3cr3t", "a=b,=s3cr3t"])
def test_headers_that_cannot_be_read(headers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library quotes them, and they hold credentials: the log names the variable alone."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    kept = KeptLog()
    with sending_spans(NOBODY, 0, 1.0, Counts(), kept.log):
        pass

    assert "s3cr3t" not in kept.text
    assert kept.events == ["otlp"]
    assert "OTEL_EXPORTER_OTLP_HEADERS" in kept.text


def test_what_concerns_both_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics and spans are sent by one library, and what it says is one line of the log."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "unreadable")
    kept = KeptLog()
    with (
        sending_metrics(NOBODY, 60, lambda: Seen(Totals(), [], 1, 0, 0), kept.log),
        sending_spans(NOBODY, 0, 1.0, Counts(), kept.log),
    ):
        said = kept.events

    assert said == ["otlp"]


LATE = """
import logging
from authz.settings import Otlp
from authz.telemetry.counts import Counts
from authz.telemetry.logs import open_log
from authz.telemetry.otlp import sending_spans
with sending_spans(Otlp("http://127.0.0.1:9", seconds=0.1), 0, 1.0, Counts(), open_log("error")):
    pass
logging.getLogger("opentelemetry.late").warning("Shutdown in progress, aborting retry.")
"""


def test_what_is_said_after_the_end() -> None:
    """A thread of the library that speaks too late spoils no log of JSON lines."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True)

    assert done.stderr == ""
