"""Step 2: who asks, by the one proof that the listener reads, and the declared agent that it is."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from authz.directory.compiled import Agent, Directory
from authz.directory.listening import (
    ByCertificate,
    ByClient,
    ByMetadata,
    ByNobody,
    ByPrincipal,
    ByXfcc,
)
from authz.identity.certificate import Leaf, read_certificate
from authz.identity.metadata import names_itself, read_metadata
from authz.identity.workload import Absent, Rejected, read_principal
from authz.identity.xfcc import HEADER, read_xfcc
from authz.model.needs import Need
from authz.model.outcome import Facts, Passed, Refused
from authz.model.principals import Actor, Caller, Hop, Identity, Proof, UserAlone
from authz.model.reasons import Reason
from authz.model.spiffe import SpiffeId
from authz.steps.chain import declared_agent
from authz.steps.client import prove_client
from authz.steps.given import Given, listener_of

Taken = Passed[Caller] | Passed[UserAlone] | Refused | Need
ByWorkload = ByPrincipal | ByCertificate | ByXfcc | ByMetadata


def prove_workload(given: Given, facts: Facts) -> Taken:
    """
    Prove the caller. The listener that the Check came by says what is looked at.

    Whatever other proofs the Check carries, nothing in it has a say in that.
    """
    directory, listener = given.world.directory, listener_of(given)
    if listener is None:
        return Refused(Reason.FAULT, "the Gate declares no listener of that name any more")
    match listener.identity:
        case ByNobody():
            return Passed(UserAlone())
        case ByClient(issuer):
            client = prove_client(issuer, given, facts)
            if isinstance(client, Passed):
                return take_identity(client.fact, directory, client.besides)
            return client
        case mode:
            return take_identity(_read_proof(mode, given), directory)


def _read_proof(mode: ByWorkload, given: Given) -> Identity | Refused:
    call, domains = given.call, given.world.directory.gate.trust_domains
    match mode:
        case ByPrincipal():
            return _identity(Proof.PRINCIPAL, read_principal(call.principal, domains))
        case ByCertificate():
            leaf = read_certificate(call.certificate, domains, given.now)
            return _identity(Proof.CERTIFICATE, leaf)
        case ByXfcc(by):
            return _identity(Proof.XFCC, read_xfcc(call.headers.get(HEADER), by, domains))
        case ByMetadata(key, by_key, by):
            if by is not None and not names_itself(call.metadata, by_key, by):
                return _refuse(Rejected(f"{by_key} does not name the declared waypoint"))
            return _identity(Proof.METADATA, read_metadata(call.metadata, key, domains))
        case other:
            assert_never(other)


def take_identity(
    found: Identity | Refused, directory: Directory, besides: tuple[object, ...] = ()
) -> Passed[Caller] | Refused:
    """Find the declared agent that a proven identity is; *besides* was learned on the way."""
    if isinstance(found, Refused):
        return found
    agent = _declared(found, directory)
    if agent is None:
        detail = f"no Agent declares the identity {found.actor.sub}"
        return Refused(Reason.AGENT_UNDECLARED, detail, facts=(found,))
    hop = Hop(agent.name, found.actor)
    caller = Caller(found.workload, hop, found.proof, found.thumbprint)
    return Passed(caller, besides, found.until)


def _declared(identity: Identity, directory: Directory) -> Agent | None:
    if identity.workload is not None:
        return directory.agents_by_spiffe.get(identity.workload)
    return declared_agent(identity.actor, directory)


def read_recorded_principal(principal: str, directory: Directory) -> Identity | Refused:
    """Read a TLS principal that Envoy reported some other time."""
    return _identity(Proof.PRINCIPAL, read_principal(principal, directory.gate.trust_domains))


def _identity(proof: Proof, found: SpiffeId | Leaf | Rejected | Absent) -> Identity | Refused:
    match found:
        case Absent() | Rejected():
            return _refuse(found)
        case Leaf(workload, thumbprint, until):
            return replace(identity_of(workload, proof, thumbprint), until=until)
        case SpiffeId():
            return identity_of(found, proof)
        case other:
            assert_never(other)


def identity_of(workload: SpiffeId, proof: Proof, thumbprint: str | None = None) -> Identity:
    """Give the identity of a workload, as tokens will name it."""
    return Identity(proof, Actor(workload.authority, str(workload)), workload, thumbprint)


def _refuse(found: Absent | Rejected) -> Refused:
    absent = isinstance(found, Absent)
    reason = Reason.WORKLOAD_UNIDENTIFIED if absent else Reason.WORKLOAD_UNTRUSTED
    return Refused(reason, found.why)
