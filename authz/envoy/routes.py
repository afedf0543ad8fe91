"""Which target Envoy routes a request to: by host, and by path where a host has several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from envoy_data_plane.envoy.config.route.v3 import (
    Route,
    RouteAction,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)
from envoy_data_plane.envoy.extensions.filters.http.ext_authz.v3 import (
    CheckSettings,
    ExtAuthzPerRoute,
)

from authz.directory.compiled import Target, TargetKind
from authz.envoy.filters import EXT_AUTHZ
from authz.envoy.parts import typed
from authz.envoy.plan import Upstream
from authz.refusals.metadata import WELL_KNOWN, metadata_paths

ANSWER_SECONDS = 15
"""For a plain service to answer in."""


def routes_of(upstreams: Sequence[Upstream]) -> RouteConfiguration:
    """Route every host that is declared; any other gets 404 from Envoy, unasked."""
    targets = [each.target for each in upstreams]
    return RouteConfiguration(virtual_hosts=list(_virtual_hosts(targets)))


def names_ports(targets: Sequence[Target]) -> bool:
    """Say whether a host is declared with its port: then Envoy must not take ports away."""
    return any(":" in host for each in targets for host in each.hosts)


def _virtual_hosts(targets: Sequence[Target]) -> Iterator[VirtualHost]:
    keeps_ports = names_ports(targets)
    hosts = sorted({host for each in targets for host in each.hosts})
    for host in hosts:
        there = [each for each in targets if host in each.hosts]
        any_port = [f"{host}:*"] if keeps_ports and ":" not in host else []
        yield VirtualHost(name=host, domains=[host, *any_port], routes=list(_routes(there)))


def _routes(targets: Sequence[Target]) -> Iterator[Route]:
    """Give the routes of a host. Where one target has it, the gate says what is wrong of a path."""
    if len(targets) == 1:
        yield _route(targets[0], RouteMatch(prefix="/"))
        return
    for target in targets:
        # Which of several the bare well-known path would mean nobody can say.
        for path in sorted({target.path, *metadata_paths(target)} - {WELL_KNOWN}):
            yield _route(target, RouteMatch(path=path))


def _route(target: Target, match: RouteMatch) -> Route:
    """Route to *target*, and tell the gate which it is: not what the caller wrote into `Host`."""
    is_plain = target.kind is TargetKind.HTTP_SERVICE
    # 0 leaves streams open. There is no retry policy: an allow is for one call.
    timeout = timedelta(seconds=ANSWER_SECONDS if is_plain else 0)
    settings = CheckSettings(context_extensions={"target": target.name})
    return Route(
        match=match,
        route=RouteAction(cluster=target.name, timeout=timeout),
        typed_per_filter_config={EXT_AUTHZ: typed(ExtAuthzPerRoute(check_settings=settings))},
    )
