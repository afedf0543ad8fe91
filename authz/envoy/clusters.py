"""Whom Envoy connects to: the gate, each worker an endpoint, and every target."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster.v3 import (
    CircuitBreakers,
    CircuitBreakersThresholds,
    Cluster,
    ClusterCommonLbConfig,
    ClusterDiscoveryType,
    ClusterLbPolicy,
    OutlierDetection,
)
from envoy_data_plane.envoy.config.core.v3 import HealthCheck, HealthCheckGrpcHealthCheck
from envoy_data_plane.envoy.type.v3 import Percent

from authz.envoy.filters import GATE
from authz.envoy.parts import endpoints, http2, is_ip, towards
from authz.envoy.plan import Address, Certificate, GatePlace, Socket, Upstream

CALLS_EACH = 100
"""Under way at each worker, which takes on 128: what is more is refused by Envoy, at once."""

RETRIES_EACH = 25


def gate_cluster(gate: GatePlace, certificate: Certificate | None) -> Cluster:
    """Give the gate's cluster; where no worker is well nobody is asked, and the answer is 503."""
    calls = CALLS_EACH * len(gate.endpoints)
    thresholds = CircuitBreakersThresholds(
        max_requests=calls,
        max_pending_requests=calls,
        max_retries=RETRIES_EACH * len(gate.endpoints),
    )
    return Cluster(
        name=GATE,
        type=_discovery(*gate.endpoints),
        connect_timeout=timedelta(seconds=1),
        lb_policy=ClusterLbPolicy.LEAST_REQUEST,
        circuit_breakers=CircuitBreakers(thresholds=[thresholds]),
        typed_extension_protocol_options=http2(),
        health_checks=[_asked_each_second()],
        outlier_detection=OutlierDetection(
            consecutive_5xx=3, base_ejection_time=timedelta(seconds=1), max_ejection_percent=50
        ),
        common_lb_config=ClusterCommonLbConfig(healthy_panic_threshold=Percent(value=0)),
        transport_socket=towards(gate.peer, certificate, alpn="h2") if gate.peer else None,
        load_assignment=endpoints(GATE, *gate.endpoints),
    )


def _asked_each_second() -> HealthCheck:
    """Ask also while there is little to do: a worker that goes says so for two seconds."""
    second = timedelta(seconds=1)
    return HealthCheck(
        interval=second,
        no_traffic_interval=second,
        timeout=second / 2,
        unhealthy_threshold=2,
        healthy_threshold=1,
        grpc_health_check=HealthCheckGrpcHealthCheck(),
    )


def target_cluster(upstream: Upstream, certificate: Certificate | None) -> Cluster:
    """Give the cluster of a target, which is called as the target is."""
    peer = upstream.peer
    return Cluster(
        name=upstream.target.name,
        type=_discovery(upstream.address),
        connect_timeout=timedelta(seconds=1),
        transport_socket=towards(peer, certificate, alpn="http/1.1") if peer else None,
        load_assignment=endpoints(upstream.target.name, upstream.address),
    )


def _discovery(*addresses: Address) -> ClusterDiscoveryType:
    known = all(isinstance(each, Socket) or is_ip(each.host) for each in addresses)
    return ClusterDiscoveryType.STATIC if known else ClusterDiscoveryType.STRICT_DNS
