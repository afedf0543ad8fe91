"""`claims.check`: a signed token that says anything else than what was decided is not released."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authz.claims.check import Inputs, TokenTooWide, check_again, check_minted
from authz.claims.describe import TokenClaims
from authz.claims.reuse import sameness_of
from authz.directory.compiled import (
    Agent,
    Gate,
    Lifecycle,
    RefusalStyle,
    Target,
    TargetKind,
)
from authz.identity.keys import read_key_set
from authz.model.instant import LATEST, Instant
from authz.model.principals import (
    QUALIFIED,
    Actor,
    Authentication,
    Hop,
    Subject,
    SubjectForm,
    UserId,
)
from authz.model.scopes import NO_SCOPES, ScopePatterns
from tests.support.keys import jwks, sign
from tests.support.values import replace

NOW = Instant(1_780_480_800)
CALLER = Actor("spiffe://example.org", "spiffe://example.org/ns/a/sa/b")
BEFORE = Actor("spiffe://example.org", "spiffe://example.org/ns/a/sa/c")
KEYS = read_key_set(jwks("gate-1"))
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "gate-1"}

DECIDED = TokenClaims(
    issuer="https://gate.example.org",
    subject="corp/alice",
    audience="https://docs.example/mcp",
    client_id=CALLER.sub,
    scopes=frozenset({"docs:read"}),
    issued=NOW,
    expires=Instant(NOW + 60),
    token_id="j-1",
    actors=(CALLER, BEFORE),
    acr="urn:example:mfa",
    auth_time=Instant(NOW - 100),
)
AGENTS = {
    name: Agent(
        name=name,
        lifecycle=Lifecycle.ACTIVE,
        spiffe_ids=frozenset(),
        clients=frozenset(),
        scopes=frozenset({"docs:read", "docs:write"}),
        connections={},
        refusals=RefusalStyle.AUTO,
        audience=None,
        subjects=QUALIFIED,
    )
    for name in ("a/b", "a/c")
}
SUBJECT = Subject(
    user=UserId("corp", "alice"),
    groups=frozenset(),
    roles=frozenset(),
    could=ScopePatterns(frozenset({"docs:read", "docs:write"})),
    carries=frozenset({"docs:read", "docs:write"}),
    authentication=Authentication(),
    inherited=(Hop("a/c", BEFORE),),
    expires=Instant(NOW + 90),
    acr="urn:example:mfa",
    auth_time=Instant(NOW - 100),
)
INPUTS = Inputs(
    decision="j-1",
    gate=Gate(frozenset({"example.org"}), "UTC", frozenset(), DECIDED.issuer, "", 60, (), ""),
    target=Target(
        name="tools/docs",
        kind=TargetKind.MCP_SERVER,
        hosts=frozenset(),
        path="/mcp",
        audience=DECIDED.audience,
        callers=frozenset(),
        subjects=QUALIFIED,
        refusals=RefusalStyle.AUTO,
        session_scopes=frozenset(),
        tools={},
    ),
    caller=Hop("a/b", CALLER),
    subject=SUBJECT,
    agents=AGENTS,
    required=frozenset({"docs:read"}),
    granted=frozenset({"docs:read", "docs:write"}),
    until=LATEST,
)
OTHER = "https://other.example"


def act(*actors: Actor) -> dict[str, Any]:
    """Write an `act` claim by hand, the current actor first."""
    inner: dict[str, Any] = {}
    for actor in reversed(actors):
        inner = {"iss": actor.iss, "sub": actor.sub, **({"act": inner} if inner else {})}
    return inner


TOO_WIDE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("an extra member", {"roles": ["admin"]}),
    ("nbf", {"nbf": NOW}),
    ("sid", {"sid": "s"}),
    ("cnf", {"cnf": {"jkt": "x"}}),
    *((f"without {name}", {name: None}) for name in sorted(DECIDED.members())),
    ("two audiences", {"aud": [DECIDED.audience, OTHER]}),
    ("the audience twice", {"aud": [DECIDED.audience, DECIDED.audience]}),
    ("the audience in a list", {"aud": [DECIDED.audience]}),
    ("another audience", {"aud": OTHER}),
    ("another issuer", {"iss": OTHER}),
    ("another user", {"sub": "corp/mallory"}),
    ("the user plain", {"sub": "alice"}),
    ("another client", {"client_id": BEFORE.sub}),
    ("a wider scope", {"scope": "docs:read docs:write"}),
    ("another scope", {"scope": "docs:write"}),
    ("the scopes in a list", {"scope": ["docs:read"]}),
    ("no readable scope", {"scope": 'docs:read "'}),
    ("exp later than an input's", {"exp": NOW + 61}),
    ("exp passed", {"exp": NOW}),
    ("exp fractional", {"exp": NOW + 59.5}),
    ("exp a string", {"exp": str(NOW + 60)}),
    ("exp true", {"exp": True}),
    ("iat ahead", {"iat": NOW + 31}),
    ("iat a string", {"iat": "now"}),
    ("the chain cut", {"act": act(CALLER)}),
    ("the chain turned round", {"act": act(BEFORE, CALLER)}),
    ("the chain without the caller", {"act": act(BEFORE)}),
    ("a hop more", {"act": act(CALLER, BEFORE, Actor(CALLER.iss, f"{CALLER.sub}2"))}),
    ("another actor", {"act": act(Actor(OTHER, CALLER.sub), BEFORE)}),
    ("act a string", {"act": CALLER.sub}),
    ("act empty", {"act": {}}),
    ("an actor that says more", {"act": {**act(CALLER, BEFORE), "scope": "admin"}}),
    ("another token id", {"jti": "j-2"}),
    ("issued before", {"iat": NOW - 1}),
    ("another acr", {"acr": "urn:example:hwk"}),
    ("another auth_time", {"auth_time": NOW}),
    ("auth_time a string", {"auth_time": str(NOW - 100)}),
)

BROKEN: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("another key", "corp-1", HEADER),
    ("unsigned", "none", {**HEADER, "alg": "none"}),
    ("the public key as a secret", "hmac:gate-1", {**HEADER, "alg": "HS256"}),
    ("another type", "gate-1", {**HEADER, "typ": "JWT"}),
    ("another kid", "gate-1", {**HEADER, "kid": "gate-2"}),
    ("crit", "gate-1", {**HEADER, "crit": ["b64"]}),
)


def minted(over: Mapping[str, Any], key: str = "gate-1", header: Mapping[str, Any] = HEADER) -> str:
    """Sign what was decided, with *over* in it; None takes a member away."""
    members = {**DECIDED.members(), **over}
    kept = {name: value for name, value in members.items() if value is not None}
    return sign(key, header, json.dumps(kept).encode())


def test_what_was_decided_is_released() -> None:
    """The token that was described passes."""
    check_minted(minted({}), KEYS, INPUTS, NOW)


def test_narrower_is_released() -> None:
    """A token that says less passes: fewer scopes, an earlier end."""
    check_minted(minted({"scope": "", "exp": NOW + 1}), KEYS, INPUTS, NOW)


@pytest.mark.parametrize("over", [row[1] for row in TOO_WIDE], ids=[row[0] for row in TOO_WIDE])
def test_too_wide(over: Mapping[str, Any]) -> None:
    """A token with one member more, fewer, or other than decided is not released."""
    with pytest.raises(TokenTooWide):
        check_minted(minted(over), KEYS, INPUTS, NOW)


@pytest.mark.parametrize(
    ("key", "header"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_does_not_verify(key: str, header: Mapping[str, Any]) -> None:
    """A token that our own published keys do not prove is not released."""
    with pytest.raises(TokenTooWide):
        check_minted(minted({}, key, header), KEYS, INPUTS, NOW)


@pytest.mark.parametrize("compact", ["", "a.b", "a.b.c", minted({}) + "=", minted({})[:-1]])
def test_no_token(compact: str) -> None:
    """Bytes that are no token are not released, and nothing else is raised."""
    with pytest.raises(TokenTooWide):
        check_minted(compact, KEYS, INPUTS, NOW)


ALONE = replace(INPUTS, subject=None)
"""The same call without a user."""


def _agent_without_scopes(name: str) -> Inputs:
    return replace(INPUTS, agents={**AGENTS, name: replace(AGENTS[name], scopes=NO_SCOPES)})


def _user(**changes: Any) -> Inputs:
    return replace(INPUTS, subject=replace(SUBJECT, **changes))


NARROWER: tuple[tuple[str, Inputs], ...] = (
    ("the operation", replace(INPUTS, required=NO_SCOPES)),
    ("policy", replace(INPUTS, granted=NO_SCOPES)),
    ("what the user could hold", _user(could=ScopePatterns(NO_SCOPES))),
    ("what the login carries", _user(carries=NO_SCOPES)),
    ("the caller", _agent_without_scopes("a/b")),
    ("the agent before", _agent_without_scopes("a/c")),
    ("the login's end", _user(expires=Instant(NOW + 59))),
    ("our lifetime", replace(INPUTS, gate=replace(INPUTS.gate, token_lifetime=59))),
    ("another decision", replace(INPUTS, decision="j-2")),
    ("another user's issuer", _user(user=UserId("x", "alice"))),
    ("another target", replace(INPUTS, target=replace(INPUTS.target, audience=OTHER))),
    (
        "a target of plain users",
        replace(INPUTS, target=replace(INPUTS.target, subjects=SubjectForm("corp"))),
    ),
    ("no agent before", _user(inherited=())),
    ("no user", ALONE),
    ("no acr", _user(acr=None)),
    ("no login time", _user(auth_time=None)),
)


@pytest.mark.parametrize("inputs", [row[1] for row in NARROWER], ids=[row[0] for row in NARROWER])
def test_every_input_binds(inputs: Inputs) -> None:
    """A single input that gives less keeps the token back."""
    with pytest.raises(TokenTooWide):
        check_minted(minted({}), KEYS, inputs, NOW)


def test_no_lifetime_beyond_ours() -> None:
    """Whatever the Gate says, no token lives longer than five minutes."""
    gate = replace(INPUTS.gate, token_lifetime=3600)
    inputs = replace(INPUTS, gate=gate, subject=replace(SUBJECT, expires=Instant(NOW + 3600)))

    check_minted(minted({"exp": NOW + 300}), KEYS, inputs, NOW)
    with pytest.raises(TokenTooWide):
        check_minted(minted({"exp": NOW + 301}), KEYS, inputs, NOW)


def test_without_a_user() -> None:
    """Where nobody acts for anybody, `sub` is the caller and there is no actor."""
    alone = {"sub": CALLER.sub, "act": None, "acr": None, "auth_time": None}

    check_minted(minted(alone), KEYS, ALONE, NOW)
    for more in ({"act": act(CALLER)}, {"sub": "corp/alice"}, {"acr": "urn:example:mfa"}):
        with pytest.raises(TokenTooWide):
            check_minted(minted({**alone, **more}), KEYS, ALONE, NOW)


def test_plain_subject_of_another_issuer() -> None:
    """A target of one issuer's plain subjects never gets another issuer's user under that name."""
    target = replace(INPUTS.target, subjects=SubjectForm("corp"))
    inputs = replace(INPUTS, target=target)
    other = replace(inputs, subject=replace(SUBJECT, user=UserId("partner", "alice")))

    check_minted(minted({"sub": "alice"}), KEYS, inputs, NOW)
    with pytest.raises(TokenTooWide):
        check_minted(minted({"sub": "alice"}), KEYS, other, NOW)


def test_messages_quote_no_token() -> None:
    """The reason that a token is kept back holds nothing of it."""
    token = minted({"sub": "corp/mallory"})

    with pytest.raises(TokenTooWide) as kept_back:
        check_minted(token, KEYS, INPUTS, NOW)

    assert "mallory" not in str(kept_back.value)
    assert not any(part in str(kept_back.value) for part in token.split("."))


def test_a_token_ends_with_the_first_proof() -> None:
    """A certificate, or a client's own token, that is over takes the token with it."""
    check_minted(minted({}), KEYS, replace(INPUTS, until=DECIDED.expires), NOW)
    earlier = Instant(DECIDED.expires - 1)
    with pytest.raises(TokenTooWide, match="proof"):
        check_minted(minted({}), KEYS, replace(INPUTS, until=earlier), NOW)


AGAIN = {
    "another caller of the same name": replace(
        INPUTS, caller=Hop("a/d", Actor("https://idp.example.com", CALLER.sub))
    ),
    "a proof that ends sooner": replace(INPUTS, until=Instant(DECIDED.expires - 1)),
    "less that is granted": replace(INPUTS, granted=frozenset()),
    "less that is required": replace(INPUTS, required=frozenset()),
    "a user who carries less": replace(INPUTS, subject=replace(SUBJECT, carries=frozenset())),
}


def test_again() -> None:
    """A token of an earlier decision may be released for one with the same inputs, in its time."""
    kept = check_minted(minted({}), KEYS, INPUTS, NOW)
    other = replace(INPUTS, decision="j-2")
    check_again(kept, other, NOW)
    check_again(kept, other, Instant(DECIDED.expires - 1))
    for outside in (Instant(NOW - 1), DECIDED.expires):
        with pytest.raises(TokenTooWide, match="valid"):
            check_again(kept, other, outside)


@pytest.mark.parametrize("inputs", AGAIN.values(), ids=AGAIN)
def test_not_again(inputs: Inputs) -> None:
    """What would be too wide for this decision is not released, whatever it was signed for."""
    kept = check_minted(minted({}), KEYS, INPUTS, NOW)
    with pytest.raises(TokenTooWide):
        check_again(kept, inputs, NOW)


def test_what_two_calls_have_in_common() -> None:
    """One token is for one caller, and for proofs that end together, whatever it says."""
    namesake = Hop("a/d", Actor("https://idp.example.com", CALLER.sub))
    others = (
        replace(INPUTS, caller=namesake),
        replace(INPUTS, until=Instant(NOW + 90)),
    )

    assert sameness_of(DECIDED, INPUTS) == sameness_of(replace(DECIDED, token_id="j-2"), INPUTS)
    for inputs in others:
        assert sameness_of(DECIDED, inputs) != sameness_of(DECIDED, INPUTS)
