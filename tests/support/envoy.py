"""The Envoy of `envoy/agents.yaml`, opened as far as the cases need it.

What a case has to be able to say is changed: a client with a certificate of a
foreign trust domain reaches the gate; the route is picked by
a header, so that `Host` is free to lie; and the upstream speaks plain HTTP/1.1,
so that a test sees the bytes. A connection that it gives up is closed soon, because tests wait
for that. Everything else is the shipped configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from examples.edge.envoy import Place, configuration

TARGET_HEADER = "x-case-target"


def opened_configuration(place: Place, targets: Iterable[str]) -> dict[str, Any]:
    """Give a bootstrap with a route for each of *targets*, and one that names none."""
    bootstrap = configuration(place)
    resources = bootstrap["static_resources"]
    (chain,) = resources["listeners"][0]["filter_chains"]
    tls = chain["transport_socket"]["typed_config"]
    roots = {"filename": str(place.authority.roots)}
    tls["common_tls_context"]["validation_context"] = {"trusted_ca": roots}
    manager = chain["filters"][0]["typed_config"]
    manager["delayed_close_timeout"] = "0.2s"
    hosts = manager["route_config"]["virtual_hosts"]
    host, *_ = hosts
    (route,) = host["routes"]
    hosts[:] = [host]
    host["domains"] = ["*"]
    host["routes"] = [*(_to(target, route) for target in targets), _to_nobody(route)]
    for cluster in resources["clusters"]:
        if cluster["name"] == "docs":
            del cluster["transport_socket"]
    return bootstrap


def _to(target: str, route: dict[str, Any]) -> dict[str, Any]:
    (name,) = route["typed_per_filter_config"]
    per_route = route["typed_per_filter_config"][name]
    settings = {**per_route, "check_settings": {"context_extensions": {"target": target}}}
    matched = {"name": TARGET_HEADER, "string_match": {"exact": target}}
    return {
        **route,
        "match": {"prefix": "/", "headers": [matched]},
        "typed_per_filter_config": {name: settings},
    }


def _to_nobody(route: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in route.items() if key != "typed_per_filter_config"}
