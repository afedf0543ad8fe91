"""A draft through the real server but for its sockets: `decide`, signing and the self-check."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.directory.compile import roles_by_member
from authz.directory.compiled import (
    Agent,
    ClaimPointers,
    Connection,
    Directory,
    Gate,
    Issuer,
    KeyFile,
    Lifecycle,
    RefusalStyle,
    Role,
    Target,
    TargetKind,
    UserScopes,
    targets_by_host,
)
from authz.directory.listening import Listener, UnixSocket
from authz.directory.offers import SubjectRule, Tool
from authz.identity.keys import lasting, read_key_set
from authz.model.instant import Instant
from authz.model.principals import QUALIFIED, SubjectForm
from authz.model.scopes import NO_SCOPES, ScopePatterns
from authz.model.spiffe import SpiffeId
from authz.policy.compiled import Policies
from authz.policy.load import load_policies
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from authz.tokens.signing_keys import SigningKeys
from authz.world import World
from tests.laws.parties import AGENTS, NOW, Draft, PolicyDraft, RoleDraft
from tests.support.direct import KeptRecords
from tests.support.keys import jwks, private_key, sign
from tests.support.values import replace

GATE, IDP, DOCS = "https://gate.example.org", "https://idp.example.com", "https://docs.example/mcp"
KEYS = SigningKeys("gate-1", private_key("gate-1"), jwks("gate-1"))
CORP_KEYS = lasting(read_key_set(jwks("corp-1")))
HOST = "docs.tools.svc"
OUT = Listener("out", UnixSocket("out"))
LOG = open_log("error")
PASSIVE = (Lifecycle.SUSPENDED, Lifecycle.QUARANTINED, Lifecycle.RETIRED)
ROLES = ("role-0", "crew/role-1", "role-2", "crew/role-3")
"""Names of the roles by number: some stand in a namespace, some in none."""

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "act", "arguments": {}},
}


@dataclass(frozen=True)
class Answered:
    """What became of the call."""

    record: Mapping[str, Any]
    claims: Mapping[str, Any] | None
    """Of the minted token; None where the call was refused."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """The token's scopes; None where the call was refused."""
        return None if self.claims is None else frozenset(self.claims["scope"].split())


def agent_name(number: int) -> str:
    """Give the qualified name of an agent."""
    return f"team/agent-{number}"


def spiffe_of(number: int) -> SpiffeId:
    """Give the identity of an agent."""
    return SpiffeId("example.org", f"/ns/team/sa/agent-{number}")


def audience_of(number: int) -> str:
    """Give what tokens for an agent are addressed to."""
    return f"https://agent-{number}.example"


def agent_host(number: int) -> str:
    """Give the host by which an agent is called."""
    return f"agent-{number}.team.svc"


def act_of(chain: tuple[int, ...]) -> dict[str, Any] | None:
    """Write an `act` claim for a chain, the current actor first."""
    act: dict[str, Any] | None = None
    for number in reversed(chain):
        inner = {"act": act} if act else {}
        act = {"iss": "spiffe://example.org", "sub": str(spiffe_of(number)), **inner}
    return act


def _agent(number: int, draft: Draft) -> Agent:
    listed = {"tools": frozenset({"act"})} if number in draft.listed else {}
    connection = Connection("tools/docs", listed)
    return Agent(
        name=agent_name(number),
        lifecycle=Lifecycle.ACTIVE if number in draft.active else PASSIVE[number % 3],
        spiffe_ids=frozenset({spiffe_of(number)}),
        clients=frozenset(),
        scopes=draft.ceilings[number],
        connections={"tools/docs": connection},
        refusals=RefusalStyle.AUTO,
        audience=audience_of(number),
        subjects=QUALIFIED,
    )


def _called(number: int) -> Target:
    """Give an agent as others could call it; no draft names callers of one."""
    return Target(
        name=agent_name(number),
        kind=TargetKind.AGENT,
        hosts=frozenset({agent_host(number)}),
        path="/",
        audience=audience_of(number),
        callers=frozenset(),
        subjects=QUALIFIED,
        refusals=RefusalStyle.AUTO,
        session_scopes=NO_SCOPES,
        tools={},
    )


def _target(draft: Draft) -> Target:
    tool = Tool(
        name="tools/docs/act",
        action="write",
        scopes=draft.required,
        read_only=False,
        destructive=True,
        open_world=True,
        sensitivity=5,
        subject=SubjectRule.REQUIRED,
        approval=False,
        untyped_ok=False,
        input_schema={"type": "object", "properties": {}},
        mirrored={},
        record=frozenset(),
    )
    return Target(
        name="tools/docs",
        kind=TargetKind.MCP_SERVER,
        hosts=frozenset({HOST}),
        path="/mcp",
        audience=DOCS,
        callers=frozenset(map(agent_name, draft.accepted)),
        subjects=SubjectForm("corp") if draft.plain_subjects else QUALIFIED,
        refusals=RefusalStyle.AUTO,
        session_scopes=NO_SCOPES,
        tools={"act": tool},
    )


def _issuer(draft: Draft) -> Issuer:
    return Issuer(
        name="corp",
        url=IDP,
        audiences=frozenset({GATE}),
        algorithms=frozenset({"ES256"}),
        keys=KeyFile(""),
        claims=ClaimPointers(groups="/groups"),
        acr_levels={},
        groups=draft.may_assert_groups,
        user_scopes=UserScopes(draft.scopes_by),
        scopes=ScopePatterns(draft.may_assert, ()),
    )


def _roles(draft: Draft) -> Iterator[Role]:
    for number, role in enumerate(draft.roles):
        groups = frozenset(f"corp/{group}" for group in role.groups)
        users = frozenset(f"corp/{user}" for user in role.users)
        yield Role(ROLES[number], groups, users, role.scopes)


def directory_of(draft: Draft) -> Directory:
    """Compile *draft* by hand into what the directory's own loader would give."""
    agents = {agent_name(number): _agent(number, draft) for number in range(AGENTS)}
    issuer = _issuer(draft)
    roles = tuple(_roles(draft))
    gate = Gate(
        trust_domains=frozenset({"example.org"}),
        time_zone="UTC",
        policy_headers=frozenset(),
        issuer_url=GATE,
        keys_folder="",
        token_lifetime=draft.lifetime,
        listeners=(OUT,),
        records_file="",
    )
    targets = {
        "tools/docs": _target(draft),
        **{agent_name(number): _called(number) for number in range(AGENTS)},
    }
    return Directory(
        gate=gate,
        issuers={"corp": issuer},
        issuers_by_url={IDP: issuer},
        roles={role.name: role for role in roles},
        roles_by_user=roles_by_member((role, role.users) for role in roles),
        roles_by_group=roles_by_member((role, role.groups) for role in roles),
        agents=agents,
        agents_by_spiffe={s: agent for agent in agents.values() for s in agent.spiffe_ids},
        agents_by_client={},
        targets=targets,
        targets_by_host=targets_by_host(targets.values()),
        namespaces=frozenset({"team", "tools", "crew"}),
    )


def _place(tier: str) -> str:
    if tier.isdigit():
        return f"policies/agents/{agent_name(int(tier))}"
    return "policies/global" if tier == "global" else f"policies/ns/{tier}"


def _principal(who: str) -> str:
    kind, _, name = who.partition(":")
    match kind:
        case "users":
            return "principal is User"
        case "agents":
            return "principal is Agent"
        case "group":
            return f'principal in Group::"corp/{name}"'
        case "role":
            return f'principal in Role::"{ROLES[int(name)]}"'
        case "agent":
            return f'principal == Agent::"{agent_name(int(name))}"'
    return "principal"


@lru_cache(maxsize=1000)
def policies_of(drafts: tuple[PolicyDraft, ...]) -> Policies:
    """Load the policies, each in a file of its tier; they know no draft but their own."""
    return load_policies(policy_files(drafts), directory_of(NAMED))[0]


def policy_files(drafts: tuple[PolicyDraft, ...]) -> dict[str, bytes]:
    """Write the policies as Cedar text, each in a file of its tier."""
    files = {}
    for number, draft in enumerate(drafts):
        scope = "" if draft.scopes is None else f'@scope("{" ".join(sorted(draft.scopes))}") '
        effect = "permit" if draft.permits else "forbid"
        text = f'@id("p{number}") {scope}{effect} ({_principal(draft.who)}, action, resource);'
        files[f"{_place(draft.tier)}/{number}.cedar"] = text.encode()
    return files


EMPTY = Draft(
    may_assert=NO_SCOPES,
    may_assert_groups=frozenset(),
    roles=(),
    ceilings=(NO_SCOPES,) * AGENTS,
    active=frozenset(),
    listed=frozenset(),
    accepted=frozenset(),
    required=NO_SCOPES,
    policies=(),
    lifetime=60,
    plain_subjects=False,
    caller=0,
    inherited=None,
    user="",
    token_scopes=NO_SCOPES,
    token_groups=frozenset(),
    ends=1,
)


NAMED = replace(
    EMPTY,
    may_assert_groups=frozenset({"staff", "guests"}),
    roles=(RoleDraft(frozenset(), frozenset(), NO_SCOPES),) * 4,
)
"""A world that has every name which a policy may use."""


def _token(draft: Draft) -> str:
    claims: dict[str, Any] = {
        "iat": NOW - 10,
        "exp": NOW + draft.ends,
        "jti": "j",
        "scope": " ".join(draft.token_scopes),
    }
    if draft.inherited is None:
        key = "corp-1"
        claims |= {"iss": IDP, "aud": GATE, "sub": draft.user, "groups": sorted(draft.token_groups)}
    else:
        key = "gate-1"
        claims |= {"iss": GATE, "aud": audience_of(draft.caller), "sub": f"corp/{draft.user}"}
        claims |= {"act": act_of(draft.inherited)} if draft.inherited else {}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": key}
    return sign(*_spoilt(draft, key, header, claims))


def _spoilt(
    draft: Draft, key: str, header: dict[str, Any], claims: dict[str, Any]
) -> tuple[str, dict[str, Any], bytes]:
    """Give what is signed, and by what, with the draft's flaw put in."""
    stranger = next(iter({*range(AGENTS + 1)} - {*draft.chain}))
    match draft.flaw:
        case "key":
            key = "gate-1" if key == "corp-1" else "corp-1"
        case "audience":
            claims["aud"] = DOCS if draft.inherited is None else [claims["aud"], DOCS]
        case "issuer":
            claims["iss"] = f"{claims['iss']}/"
        case "type":
            header["typ"] = "JWT"
        case "ahead":
            claims["iat"] = NOW + 31
        case "act":
            claims["act"] = act_of((draft.caller,))
        case "client":
            claims["client_id"] = str(spiffe_of(stranger))
        case "unsigned":
            key, header["alg"] = "none", "none"
    return key, header, json.dumps(claims).encode()


def decision_point_of(draft: Draft) -> DecisionPoint:
    """Give a server that lives in the world of *draft*."""
    directory = directory_of(draft)
    return serving(directory, replace(policies_of(draft.policies), agents=directory.agents))


def serving(directory: Directory, policies: Policies) -> DecisionPoint:
    """Give a server that lives in the world of *directory* and *policies*."""
    world = World("w", directory, policies, {"corp": CORP_KEYS}, KEYS.public)
    return DecisionPoint(CurrentWorld(world, KEYS), KeptRecords(), LOG, clock=lambda: Instant(NOW))


def answer(draft: Draft) -> Answered:
    """Ask for the call of *draft* in its own world."""
    return answer_in(decision_point_of(draft), draft)


def answer_in(decision_point: DecisionPoint, draft: Draft) -> Answered:
    """Ask for the call of *draft*, whatever the world."""
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.principal = str(spiffe_of(draft.caller))
    attributes.context_extensions["target"] = "tools/docs"
    http = attributes.request.http
    http.method, http.path, http.host = "POST", "/mcp", HOST
    http.headers["content-type"] = "application/json"
    http.headers["authorization"] = f"Bearer {_token(draft)}"
    http.raw_body = json.dumps(CALL).encode()
    http.size = len(http.raw_body)
    answer = decision_point.answer(request.SerializeToString(), "out", {})
    response = CheckResponse.FromString(answer)
    set_headers = {each.header.key: each.header.value for each in response.ok_response.headers}
    assert isinstance(decision_point.records, KeptRecords)
    (record,) = decision_point.records.rows
    token = set_headers.get("authorization")
    assert (token is None) == (response.status.code != 0)
    return Answered(record, None if token is None else _claims(token))


def _claims(bearer: str) -> dict[str, Any]:
    payload = bearer.removeprefix("Bearer ").split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims
