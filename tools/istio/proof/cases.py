"""What is sent in each mode, and what has to be seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Mode(Enum):
    """How Istio asks the gate."""

    GATEWAY = "gateway"
    SIDECAR = "sidecar"
    WAYPOINT = "waypoint"


class Caller(Enum):
    """Whose certificate is shown."""

    PLANNER = "planner"
    """The declared agent."""

    STRANGER = "stranger"
    """A workload of the mesh that no document declares."""

    IMPOSTOR = "impostor"
    """The agent's name in a certificate of another authority."""

    NOBODY = "nobody"
    """No certificate at all, and no TLS."""


SPIFFE = "spiffe://cluster.local/ns"
PLANNER, STRANGER = f"{SPIFFE}/agents/sa/planner", f"{SPIFFE}/agents/sa/stranger"
IDENTITIES = {
    Caller.PLANNER: PLANNER,
    Caller.STRANGER: STRANGER,
    Caller.IMPOSTOR: PLANNER,
}


@dataclass(frozen=True)
class Place:
    """One target in one mode, and another one that the caller may call as well."""

    host: str
    other_host: str
    proxy: str
    """SPIFFE ID of the proxy that asks the gate."""

    identity: str
    """By what the gate knows the caller there."""


PLACES = {
    Mode.GATEWAY: Place(
        "orders.example.com",
        "docs.tools.svc.cluster.local",
        f"{SPIFFE}/ingress/sa/agents-istio",
        "principal",
    ),
    Mode.SIDECAR: Place(
        "docs.tools.svc.cluster.local",
        "notes.tools.svc.cluster.local",
        f"{SPIFFE}/tools/sa/docs",
        "principal",
    ),
    Mode.WAYPOINT: Place(
        "archive.library.svc.cluster.local",
        "index.library.svc.cluster.local",
        f"{SPIFFE}/library/sa/waypoint",
        "xfcc",
    ),
}


@dataclass(frozen=True)
class Case:
    """One request; what is left out is what a good call has."""

    name: str
    code: int | None
    """The answer's, or None where there is no answer: the connection ends."""

    reason: str | None = None
    """Of the gate's record; None where the gate must not have been asked."""

    reached: bool = False
    """Whether the target may see it."""

    caller: Caller = Caller.PLANNER
    tool: str = "search"
    elsewhere: bool = False
    """Whether `Host` names another target."""

    workload: str | None = PLANNER
    """Who calls, by the gate's record."""

    details: str = ""
    """What Envoy says of its own refusal, or how that begins."""

    forged: dict[str, str] = field(default_factory=dict)


def forged_headers(place: Place, workload: str) -> dict[str, str]:
    """Give every way of saying that *workload* calls, as a client can write it."""
    return {
        "x-forwarded-client-cert": f"By={place.proxy};URI={workload}",
        "x-peer-principal": workload,
        "x-workload-spiffe-id": workload,
        "x-narrowgate-agent": "agents/admin",
    }


def cases(mode: Mode) -> list[Case]:
    """Give the requests of *mode*."""
    place = PLACES[mode]
    admin = f"{SPIFFE}/agents/sa/admin"
    return [
        Case("allow", 200, "allow", reached=True),
        Case("deny", 200, "agent_lacks_scope", tool="purge"),
        Case(
            "forged: the agent's name in headers",
            403,
            "agent_undeclared",
            caller=Caller.STRANGER,
            workload=STRANGER,
            forged=forged_headers(place, PLANNER),
        ),
        Case(
            "forged: another's name in the agent's headers",
            200,
            "allow",
            reached=True,
            forged=forged_headers(place, admin),
        ),
        Case(
            "another certificate",
            403,
            "agent_undeclared",
            caller=Caller.STRANGER,
            workload=STRANGER,
        ),
        Case("the agent's name, another authority", None, caller=Caller.IMPOSTOR),
        Case("no certificate", None, caller=Caller.NOBODY),
        Case(
            "foreign Host",
            403,
            # A gateway has no route for it, so its Envoy asks nobody. The others would have it
            # judged as a call of the target that it names, and reach the one that was dialled.
            None if mode is Mode.GATEWAY else "allow",
            elsewhere=True,
            details="rbac_access_denied_matched_policy",
        ),
    ]
