"""The three filters of a request: strip what nobody may say, ask the gate, route."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.common.mutation_rules.v3 import (
    HeaderMutation as Mutation,
)
from envoy_data_plane.envoy.config.common.mutation_rules.v3 import (
    HeaderMutationRemoveOnMatch,
    HeaderMutationRules,
)
from envoy_data_plane.envoy.config.core.v3 import (
    ApiVersion,
    BackoffStrategy,
    GrpcService,
    GrpcServiceEnvoyGrpc,
    HeaderValue,
    RetryPolicy,
    RetryPolicyRetryHostPredicate,
)
from envoy_data_plane.envoy.extensions.filters.http.ext_authz.v3 import BufferSettings, ExtAuthz
from envoy_data_plane.envoy.extensions.filters.http.header_mutation.v3 import (
    HeaderMutation,
    Mutations,
)
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher
from envoy_data_plane.envoy.type.v3 import HttpStatus, StatusCode

from authz.directory.listening import ByCertificate, ByMetadata, ByXfcc, IdentityMode
from authz.envoy.parts import typed
from authz.envoy.plan import Plan
from authz.wire.headers import STRIP_PREFIXES, envoy_allow_expression, stripped_names

EXT_AUTHZ = "envoy.filters.http.ext_authz"
GATE = "narrowgate"
"""The cluster of the gate."""

XFCC = "x-forwarded-client-cert"
CHECK_TIMEOUT = timedelta(seconds=2)
MAX_DENIED_BYTES = 8192


def http_filters(plan: Plan) -> list[HttpFilter]:
    """Give them in order: what is stripped later the gate would still believe."""
    identity = plan.listener.identity
    return [
        HttpFilter(name="strip", typed_config=typed(_strip(identity))),
        HttpFilter(name=EXT_AUTHZ, typed_config=typed(_ask(identity, plan.max_body_bytes))),
        HttpFilter(name="envoy.filters.http.router", typed_config=typed(Router())),
    ]


def _strip(identity: IdentityMode) -> HeaderMutation:
    # Where who asks is read from this header, Envoy has just written it itself (`SANITIZE_SET`).
    kept = {XFCC} if isinstance(identity, ByXfcc) else set[str]()
    prefixes = [
        Mutation(
            remove_on_match=HeaderMutationRemoveOnMatch(key_matcher=StringMatcher(prefix=each))
        )
        for each in STRIP_PREFIXES
    ]
    names = [Mutation(remove=each) for each in stripped_names() if each not in kept]
    return HeaderMutation(mutations=Mutations(request_mutations=[*prefixes, *names]))


def _ask(identity: IdentityMode, max_body_bytes: int) -> ExtAuthz:
    """Ask the gate; `failure_mode_allow` stays false, so what fails is refused with 503."""
    return ExtAuthz(
        transport_api_version=ApiVersion.V3,
        grpc_service=_service(identity),
        status_on_error=HttpStatus(code=StatusCode.ServiceUnavailable),
        with_request_body=BufferSettings(max_request_bytes=max_body_bytes, pack_as_bytes=True),
        include_peer_certificate=isinstance(identity, ByCertificate),
        validate_mutations=True,
        enforce_response_header_limits=True,
        max_denied_response_body_bytes=MAX_DENIED_BYTES,
        decoder_header_mutation_rules=HeaderMutationRules(
            disallow_all=True,
            disallow_is_error=True,
            allow_expression=RegexMatcher(regex=envoy_allow_expression()),
        ),
    )


def _service(identity: IdentityMode) -> GrpcService:
    predicate = RetryPolicyRetryHostPredicate(
        name="envoy.retry_host_predicates.previous_hosts",
        typed_config=typed(PreviousHostsPredicate()),
    )
    # A Check is asked again of another worker where it was not answered; the longest pause is
    # also the time of each try.
    retry = RetryPolicy(
        retry_on="connect-failure,refused-stream,reset,unavailable",
        num_retries=2,
        retry_back_off=BackoffStrategy(
            base_interval=timedelta(milliseconds=5), max_interval=timedelta(seconds=1)
        ),
        retry_host_predicate=[predicate],
        host_selection_retry_max_attempts=20,
    )
    return GrpcService(
        envoy_grpc=GrpcServiceEnvoyGrpc(cluster_name=GATE),
        timeout=CHECK_TIMEOUT,
        retry_policy=retry,
        initial_metadata=_said(identity),
    )


def _said(identity: IdentityMode) -> list[HeaderValue]:
    """Say who asks beside the Check, where the gate reads it there."""
    if not isinstance(identity, ByMetadata):
        return []
    caller = HeaderValue(key=identity.key, value="%DOWNSTREAM_PEER_URI_SAN%")
    own = HeaderValue(key=identity.by_key, value="%DOWNSTREAM_LOCAL_URI_SAN%")
    return [caller, own] if identity.by is not None else [caller]
