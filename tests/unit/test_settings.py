"""What the option and the standard variables of OpenTelemetry say together."""

from __future__ import annotations

import pytest

from authz.settings import Otlp

HERE = "http://127.0.0.1:4317"


@pytest.mark.parametrize(
    ("option", "variables", "expected"),
    [
        (None, {}, None),
        (HERE, {}, Otlp(HERE)),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE}, Otlp(None)),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, Otlp(None)),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, None),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": HERE}, Otlp(None, metrics=False)),
        (HERE, {"OTEL_TRACES_EXPORTER": "none"}, Otlp(HERE, traces=False)),
        (HERE, {"OTEL_SDK_DISABLED": "true"}, None),
        (
            None,
            {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"},
            None,
        ),
        (HERE, {"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"}, Otlp(HERE)),
        (HERE, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "nonsense"}, Otlp(HERE)),
        (HERE, {"OTEL_TRACES_SAMPLER": "always_off"}, Otlp(HERE, share=0)),
        (
            HERE,
            {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
            Otlp(HERE, share=0.1),
        ),
        (HERE, {"OTEL_METRIC_EXPORT_INTERVAL": "1500"}, Otlp(HERE, interval=1.5)),
    ],
)
def test_what_is_sent(option: str | None, variables: dict[str, str], expected: Otlp | None) -> None:
    """Nothing by default; the option goes before the variables, which can take a part out."""
    assert Otlp.of(option, variables) == expected


@pytest.mark.parametrize("text", ["2", "-1", "many", "nan", "inf"])
def test_no_share(text: str) -> None:
    """A share that is none is told by the name of its variable."""
    with pytest.raises(ValueError, match="OTEL_TRACES_SAMPLER_ARG"):
        Otlp.of(HERE, {"OTEL_TRACES_SAMPLER_ARG": text})


@pytest.mark.parametrize("text", ["0", "99", "-1", "soon", "nan", "1e300"])
def test_no_interval(text: str) -> None:
    """Without a pause metrics would be sent without end; a pause beyond a day nobody means."""
    with pytest.raises(ValueError, match="OTEL_METRIC_EXPORT_INTERVAL"):
        Otlp.of(HERE, {"OTEL_METRIC_EXPORT_INTERVAL": text})


@pytest.mark.parametrize("variable", ["", "OTEL_EXPORTER_OTLP_ENDPOINT"])
@pytest.mark.parametrize(
    "endpoint",
    ["nonsense", "http://", "ftp://a:1", "http://a:99999", "http://[::1", "a/b:1"],
)
def test_where_nothing_could_be_sent(endpoint: str, variable: str) -> None:
    """A receiver that is no address is said at the start, with the name of what says it."""
    given = {variable: endpoint} if variable else {}
    with pytest.raises(
        ValueError, match=f"{variable or '--otlp'}: .* such as http://127.0.0.1:4317"
    ):
        Otlp.of(None if variable else endpoint, given)
