"""Envoy's words for what occurs everywhere: addresses, files, typed extensions, peers."""

from __future__ import annotations

from ipaddress import ip_address

from betterproto2 import Message
from envoy_data_plane.envoy.config.core.v3 import Address as AddressMessage
from envoy_data_plane.envoy.config.core.v3 import (
    DataSource,
    Http2ProtocolOptions,
    Pipe,
    SocketAddress,
    TransportSocket,
)
from envoy_data_plane.envoy.config.endpoint.v3 import (
    ClusterLoadAssignment,
    Endpoint,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    CertificateValidationContext,
    CommonTlsContext,
    SubjectAltNameMatcher,
    SubjectAltNameMatcherSanType,
    TlsCertificate,
    UpstreamTlsContext,
)
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import (
    HttpProtocolOptions,
    HttpProtocolOptionsExplicitHttpConfig,
)
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher
from envoy_data_plane.google.protobuf import Any as AnyMessage
from envoy_data_plane.message_pool import default_message_pool

from authz.envoy.plan import Address, Certificate, Peer, Port, Socket
from authz.model.spiffe import SCHEME

TLS = "envoy.transport_sockets.tls"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def typed(message: Message) -> AnyMessage:
    """Pack *message* as the configuration of an extension."""
    return AnyMessage.pack(message, message_pool=default_message_pool)


def file(path: str) -> DataSource:
    """Name a file that Envoy reads."""
    return DataSource(filename=path)


def address_of(address: Address) -> AddressMessage:
    """Give where something listens, or is asked."""
    match address:
        case Socket(path):
            return AddressMessage(pipe=Pipe(path=path))
        case Port(host, port):
            return AddressMessage(socket_address=SocketAddress(address=host, port_value=port))


def is_ip(host: str) -> bool:
    """Say whether *host* is an address, so that nobody has to be asked where it is."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def endpoints(cluster: str, *addresses: Address) -> ClusterLoadAssignment:
    """Give the endpoints of *cluster*."""
    each = [LbEndpoint(endpoint=Endpoint(address=address_of(one))) for one in addresses]
    return ClusterLoadAssignment(
        cluster_name=cluster, endpoints=[LocalityLbEndpoints(lb_endpoints=each)]
    )


def http2() -> dict[str, AnyMessage]:
    """Let a cluster speak HTTP/2, which gRPC is."""
    explicit = HttpProtocolOptionsExplicitHttpConfig(http2_protocol_options=Http2ProtocolOptions())
    return {HTTP_OPTIONS: typed(HttpProtocolOptions(explicit_http_config=explicit))}


def shown(certificate: Certificate | None) -> list[TlsCertificate]:
    """Give what Envoy shows of itself."""
    if certificate is None:
        return []
    chain, key = file(certificate.chain), file(certificate.key)
    return [TlsCertificate(certificate_chain=chain, private_key=key)]


def towards(peer: Peer, certificate: Certificate | None, *, alpn: str) -> TransportSocket:
    """Open TLS to *peer*, and to nobody else whom the same roots know."""
    name = SubjectAltNameMatcher(san_type=_kind(peer.name), matcher=StringMatcher(exact=peer.name))
    validation = CertificateValidationContext(
        trusted_ca=file(peer.roots), match_typed_subject_alt_names=[name]
    )
    common = CommonTlsContext(
        tls_certificates=shown(certificate), validation_context=validation, alpn_protocols=[alpn]
    )
    is_host = name.san_type is SubjectAltNameMatcherSanType.DNS
    tls = UpstreamTlsContext(common_tls_context=common, sni=peer.name if is_host else "")
    return TransportSocket(name=TLS, typed_config=typed(tls))


def _kind(name: str) -> SubjectAltNameMatcherSanType:
    if name.startswith(SCHEME):
        return SubjectAltNameMatcherSanType.URI
    if is_ip(name):
        return SubjectAltNameMatcherSanType.IP_ADDRESS
    return SubjectAltNameMatcherSanType.DNS
