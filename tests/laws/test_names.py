"""Qualified names: splitting is exact, no two things share one, and none can be forged."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from authz.directory.words import LABEL
from authz.model.principals import UserId
from authz.model.reasons import Reason
from authz.model.spiffe import NotSpiffe, SpiffeId
from authz.policy.schema import action_groups, quoted, tool_action
from authz.wire.headers import header_value
from tests.laws.judging import ALICE, judged, tool_named

labels = st.from_regex(LABEL, fullmatch=True)
anything = st.one_of(
    st.text(min_size=1, max_size=12), st.sampled_from(("a/b", "/", '"', "::", "*"))
)
users = st.builds(
    UserId,
    issuer=st.one_of(st.just("corp"), labels),
    sub=st.one_of(st.sampled_from(("alice", "Alice", "alice/x", 'alice"')), anything),
)
tools = st.tuples(labels, labels, anything)


@given(users)
def test_user_splits_exactly(user: UserId) -> None:
    """The first slash ends the issuer's name, whatever the subject is called."""
    issuer, _, sub = str(user).partition("/")

    assert UserId(issuer, sub) == user


@given(users, users)
def test_users_never_collide(one: UserId, other: UserId) -> None:
    """Two users have two names, in entities and in headers."""
    assert (str(one) == str(other)) == (one == other)
    assert (header_value(str(one)) == header_value(str(other))) == (one == other)


@given(tools, tools)
def test_tools_never_collide(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    """Two tools have two names and two actions, whatever characters theirs have."""
    names = "/".join(one), "/".join(other)

    assert (names[0] == names[1]) == (one == other)
    assert (tool_action(names[0]) == tool_action(names[1])) == (one == other)
    assert tuple(names[0].split("/", 2)) == one
    assert tool_action(names[0]) not in {*action_groups("read"), *action_groups("write")}


ONLY_ALICE = f"""
@id("alice") permit (principal == User::"{ALICE.user}", action, resource);
@id("agents") permit (principal is Agent, action, resource);
""".encode()


@given(users)
def test_no_name_stands_for_another_user(user: UserId) -> None:
    """Only the very user whom a policy names is meant by it, whatever others are called."""
    reason = judged(ONLY_ALICE, user=user)

    assert (reason is Reason.ALLOW) == (user == ALICE.user)


@given(st.text(min_size=1, max_size=12).filter(str.isprintable), st.booleans())
def test_any_tool_name_is_an_action(name: str, is_named: bool) -> None:  # noqa: FBT001 - drawn
    """Every name that the directory takes is an action, which a policy names exactly."""
    action = quoted(tool_action(f"tools/docs/{name if is_named else name + '2'}"))
    text = f'@id("a") permit (principal, action == Action::{action}, resource);'.encode()
    reason = judged(text, tool_named(name), others=(tool_named(f"{name}2"),))

    assert (reason is Reason.ALLOW) == is_named


@given(anything)
def test_quoted_is_one_string(text: str) -> None:
    """A name in a policy or schema cannot end its own quotes."""
    inner = quoted(text)[1:-1]

    assert json.loads(quoted(text)) == text
    assert re.search(r'(?<!\\)(\\\\)*"', inner) is None


@given(st.text(max_size=40), st.text(max_size=10))
def test_spiffe_ids_are_read_one_way(tail: str, path: str) -> None:
    """What is accepted as an ID is written again as it was, and has nothing to normalise."""
    for text in (f"spiffe://{tail}", f"spiffe://example.org/{path}"):
        try:
            workload = SpiffeId.parse(text)
        except NotSpiffe:
            continue
        assert str(workload) == text
        assert text.isascii()
        assert not {"", ".", ".."} & set(workload.path[1:].split("/"))


@given(st.text(max_size=20))
def test_header_values_are_one_line(text: str) -> None:
    """Whatever is said in a header is visible ASCII, and only one text is said by it."""
    value = header_value(text)

    assert re.fullmatch(r"[!-~]*", value)
    assert re.fullmatch(r"([^%]|%[0-9A-F]{2})*", value)
