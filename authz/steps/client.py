"""A client of an issuer that asks: by its bearer token, at a listener that says so."""

from __future__ import annotations

from msgspec.structs import replace

from authz.identity.access_token import TokenRejected
from authz.identity.client import client_of
from authz.identity.workload import NOBODY
from authz.model.headers import AUTHORIZATION
from authz.model.needs import Need
from authz.model.outcome import Facts, Passed, Refused
from authz.model.principals import Actor, Identity, Proof
from authz.model.reasons import Reason
from authz.steps.credential import prove_bearer
from authz.steps.given import Bearer, Given, Route


def prove_client(issuer: str, given: Given, facts: Facts) -> Passed[Identity] | Refused | Need:
    """
    Prove the client that a token of *issuer* (the name of an `Issuer`) was given to.

    A token that somebody else lost would prove them, so it never counts where
    TLS shows who asks. The proven token is learned besides, for step 3.
    """
    call = given.call
    if call.principal not in NOBODY or call.certificate:
        detail = "TLS shows an identity, and a client id does not count against it"
        return Refused(Reason.WORKLOAD_UNTRUSTED, detail)
    header = call.headers.get(AUTHORIZATION)
    if header is None:
        detail = "there is no bearer token, which would say the client"
        return Refused(Reason.WORKLOAD_UNIDENTIFIED, detail)
    bearer = prove_bearer(header, given, facts.of(Route).target, ours=None)
    match bearer:
        case Refused(reason=Reason.CREDENTIAL_INVALID):
            return replace(bearer, reason=Reason.WORKLOAD_UNTRUSTED)
        case Bearer():
            return _client(bearer, issuer)
    return bearer


def _client(bearer: Bearer, issuer: str) -> Passed[Identity] | Refused:
    if bearer.issuer is None or bearer.issuer.name != issuer:
        detail = f"the token is none of {issuer}, whose client ids count here"
        return Refused(Reason.WORKLOAD_UNTRUSTED, detail)
    try:
        client = client_of(bearer.claims)
    except TokenRejected as error:
        return Refused(Reason.WORKLOAD_UNTRUSTED, str(error))
    actor = Actor(bearer.issuer.url, client)
    identity = Identity(Proof.CLIENT, actor, workload=None, until=bearer.until)
    return Passed(identity, (bearer,))
