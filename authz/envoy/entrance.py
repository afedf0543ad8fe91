"""Envoy's one listener: who may connect, and what becomes of a request before it is asked about."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from envoy_data_plane.envoy.config.accesslog.v3 import AccessLog
from envoy_data_plane.envoy.config.core.v3 import (
    Http2ProtocolOptions,
    HttpProtocolOptions,
    HttpProtocolOptionsHeadersWithUnderscoresAction,
    SubstitutionFormatString,
    TransportSocket,
    TypedExtensionConfig,
)
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain, Listener
from envoy_data_plane.envoy.extensions.access_loggers.stream.v3 import StdoutAccessLog
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
    HttpConnectionManagerForwardClientCertDetails,
    HttpConnectionManagerPathWithEscapedSlashesAction,
    HttpConnectionManagerSetCurrentClientCertDetails,
)
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    CertificateValidationContext,
    CommonTlsContext,
    DownstreamTlsContext,
    SpiffeCertValidatorConfig,
    SpiffeCertValidatorConfigTrustDomain,
)
from envoy_data_plane.google.protobuf import Struct

from authz.directory.listening import ByXfcc
from authz.envoy.filters import http_filters
from authz.envoy.parts import TLS, address_of, file, shown, typed
from authz.envoy.plan import AuthorityEach, Certificate, Entrance, OneAuthority, Plan
from authz.envoy.routes import names_ports, routes_of
from authz.model.headers import DECISION

REQUEST_SECONDS, HEADERS_SECONDS = 30, 10
"""For a request to arrive whole, and for its headers: what stalls is never asked about."""

MAX_STREAMS = 100
"""Under way on one connection of HTTP/2."""

LOGGED = {
    "time": "%START_TIME%",
    "caller": "%DOWNSTREAM_PEER_URI_SAN%",
    "host": "%REQ(:AUTHORITY)%",
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "allowed": f"%REQ({DECISION.upper()})%",
    "refused": f"%RESP({DECISION.upper()})%",
}
"""No path and no other header: both carry secrets."""


def listener_of(plan: Plan) -> Listener:
    """Give the listener."""
    manager = Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=typed(_manager(plan))
    )
    chain = FilterChain(
        transport_socket=_tls(plan.entrance, plan.certificate) if plan.certificate else None,
        filters=[manager],
    )
    return Listener(
        name=plan.listener.name, address=address_of(plan.entrance.address), filter_chains=[chain]
    )


def _manager(plan: Plan) -> HttpConnectionManager:
    details = HttpConnectionManagerForwardClientCertDetails
    writes = isinstance(plan.listener.identity, ByXfcc)
    set_details = HttpConnectionManagerSetCurrentClientCertDetails(uri=True)
    return HttpConnectionManager(
        stat_prefix=plan.listener.name,
        use_remote_address=True,
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action=HttpConnectionManagerPathWithEscapedSlashesAction.REJECT_REQUEST,
        strip_any_host_port=not names_ports([each.target for each in plan.upstreams]),
        request_timeout=timedelta(seconds=REQUEST_SECONDS),
        request_headers_timeout=timedelta(seconds=HEADERS_SECONDS),
        http2_protocol_options=Http2ProtocolOptions(max_concurrent_streams=MAX_STREAMS),
        # A caller's own is removed, or replaced where the gate reads it.
        forward_client_cert_details=details.SANITIZE_SET if writes else details.SANITIZE,
        set_current_client_cert_details=set_details if writes else None,
        common_http_protocol_options=HttpProtocolOptions(
            # Many upstreams take x_narrowgate_user for x-narrowgate-user.
            headers_with_underscores_action=HttpProtocolOptionsHeadersWithUnderscoresAction.DROP_HEADER
        ),
        access_log=[_access_log()],
        route_config=routes_of(plan.upstreams),
        http_filters=http_filters(plan),
    )


def _access_log() -> AccessLog:
    form = SubstitutionFormatString(json_format=Struct.from_dict(LOGGED))
    return AccessLog(
        name="envoy.access_loggers.stdout", typed_config=typed(StdoutAccessLog(log_format=form))
    )


def _tls(entrance: Entrance, certificate: Certificate) -> TransportSocket:
    common = CommonTlsContext(
        alpn_protocols=["h2", "http/1.1"],
        tls_certificates=shown(certificate),
        validation_context=_validation(entrance),
    )
    # The gate refuses who shows none, in words that callers know; the SPIFFE validator lets
    # nobody in without.
    wants = isinstance(entrance.callers, AuthorityEach)
    tls = DownstreamTlsContext(common_tls_context=common, require_client_certificate=wants)
    return TransportSocket(name=TLS, typed_config=typed(tls))


def _validation(entrance: Entrance) -> CertificateValidationContext | None:
    match entrance.callers:
        case None:
            return None
        case OneAuthority(roots):
            return CertificateValidationContext(trusted_ca=file(roots))
        case AuthorityEach(roots_each):
            domains = [
                SpiffeCertValidatorConfigTrustDomain(name=name, trust_bundle=file(roots))
                for name, roots in sorted(roots_each.items())
            ]
            config = typed(SpiffeCertValidatorConfig(trust_domains=domains))
            return CertificateValidationContext(
                custom_validator_config=TypedExtensionConfig(
                    name="envoy.tls.cert_validator.spiffe", typed_config=config
                )
            )
        case other:
            assert_never(other)
