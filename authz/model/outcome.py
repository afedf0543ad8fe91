"""What a step answers, and what becomes of a call."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Any, ClassVar, Generic, NewType, Protocol, TypeVar

from msgspec import Struct

from authz.model.instant import LATEST, Instant
from authz.model.needs import Need
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes

Fact = TypeVar("Fact")
Learned_co = TypeVar("Learned_co", covariant=True)


class Malformed(StrEnum):
    """What kind of 400 it is: each has a JSON-RPC code of its own."""

    NOT_JSON = "not_json"
    NOT_ONE_MEANING = "not_one_meaning"
    HEADER_MISMATCH = "header_mismatch"


class Answer(Struct, frozen=True, gc=False):
    """An answer of ours as the caller gets it: a refusal, or a reply to a public operation."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Passed(Struct, Generic[Learned_co], frozen=True, gc=False):
    """The step found no ground to refuse; *fact* is what it learned."""

    fact: Learned_co
    besides: tuple[object, ...] = ()
    """What it learned on the way, for later steps."""

    until: Instant = LATEST
    """When that stops to be true by time alone."""


class Refused(Struct, frozen=True, gc=False):
    """
    The step refuses, and its reason is the decision's.

    `detail` is for the record and for people; nothing of it reaches the caller.
    """

    reason: Reason
    detail: str
    malformed: Malformed | None = None
    request_id: int | str | None = None
    """Set only where step 1 refuses although the message was read."""

    required: Scopes = NO_SCOPES
    """All scopes of the operation, where a wider credential would cure the refusal."""

    facts: tuple[object, ...] = ()
    """What the step learned before it refused."""


class Answered(Struct, frozen=True, gc=False):
    """The step answers the call itself: nothing goes on to the upstream, and nobody is refused."""

    answer: Answer


class Opened(Struct, frozen=True, gc=False):
    """The step lets the call go on as one that anybody may make; nobody is proven or named."""

    facts: tuple[object, ...]
    """What the step learned."""


Answers = Mapping[Need, object]
"""What the server found out for the needs of this call, by need."""

NO_ANSWERS: Answers = {}


class _Of(Protocol):
    def __call__(self, kind: type[Fact], /) -> Fact:
        """Give the fact of type *kind*; raises `KeyError` where there is none."""


class _Find(Protocol):
    def __call__(self, kind: type[Fact], /) -> Fact | None:
        """Give the fact of type *kind*, or None."""


class Facts:
    """
    What the steps have learned about one call, one fact of a type.

    Immutable: `learn` gives a new one. Asking for a fact whose step has not
    run is a mistake in the step table and raises `KeyError`.
    """

    __slots__ = ("_by_type", "find", "of")

    of: _Of
    """Gives the fact of a type, which an earlier step must have learned."""

    find: _Find
    """Gives the fact of a type, or None where its step did not run."""

    def __init__(self, *facts: object) -> None:
        self._hold({type(fact): fact for fact in facts})

    def _hold(self, by_type: dict[type, Any]) -> None:
        self._by_type = by_type
        # A step asks some twenty times a call, so what answers is the dictionary itself.
        self.of = by_type.__getitem__
        self.find = by_type.get

    def learn(self, *facts: object) -> Facts:
        """
        Give these facts and *facts*.

        Raises:
            ValueError: a fact of that type is known: no step corrects another.
        """
        return self.join(Facts(*facts))

    def join(self, others: Facts) -> Facts:
        """
        Give these facts and *others*.

        Raises:
            ValueError: as `learn`.
        """
        both = Facts()
        both._hold({**self._by_type, **others._by_type})
        if len(both._by_type) != len(self._by_type) + len(others._by_type):
            again = self._by_type.keys() & others._by_type.keys()
            raise ValueError(f"{', '.join(kind.__name__ for kind in again)} was learned before")
        return both

    def require(self, kinds: Set[type]) -> None:
        """
        Check that facts of all *kinds* are known.

        Raises:
            KeyError: one is missing.
        """
        if not self._by_type.keys() >= kinds:
            raise KeyError(*(kind.__name__ for kind in kinds - self._by_type.keys()))


class Learning(Facts):
    """Facts that grow while steps are taken; a step is given them as `Facts`, and cannot add."""

    __slots__ = ()

    def add(self, fact: object) -> None:
        """
        Learn one fact more.

        Raises:
            ValueError: as `learn`.
        """
        if self._by_type.setdefault(type(fact), fact) is not fact:
            raise ValueError(f"{type(fact).__name__} was learned before")

    def add_all(self, others: Facts) -> None:
        """
        Learn all of *others*.

        Raises:
            ValueError: as `learn`.
        """
        known, more = self._by_type, others._by_type  # noqa: SLF001 - of its own class
        if not known.keys().isdisjoint(more):
            self.join(others)
        known.update(more)


CheckedToken = NewType("CheckedToken", str)
"""A token in compact form that `claims.check` has passed; no other may be released."""


class Allowed(Struct, frozen=True, gc=False):
    """The call goes on, with headers that say who was proven; the token is still unsigned."""

    facts: Facts
    step: int
    headers: tuple[tuple[str, str], ...]
    """Who was proven, set towards the upstream; the decision's id and the token come on top."""

    reason: ClassVar[Reason] = Reason.ALLOW
    detail: ClassVar[str] = ""


class Named(Struct, frozen=True, gc=False):
    """The call goes on with the headers alone, for its target takes no token (`token.mode`)."""

    facts: Facts
    step: int
    headers: tuple[tuple[str, str], ...]

    reason: ClassVar[Reason] = Reason.ALLOW
    detail: ClassVar[str] = ""


class Forwarded(Struct, frozen=True, gc=False):
    """A public operation that goes on: without a token, and without anybody's name."""

    facts: Facts
    step: int

    reason: ClassVar[Reason] = Reason.ALLOW
    detail: ClassVar[str] = "a public operation"


class TurnedAway(Struct, frozen=True, gc=False):
    """The call ends here: the caller gets *answer*, the upstream sees nothing."""

    facts: Facts
    step: int
    """Number of the step in the contract that refused; 0 for a fault."""

    reason: Reason
    detail: str
    """For the record and for people."""

    answer: Answer


class Replied(Struct, frozen=True, gc=False):
    """A public operation, answered by us; no token is made and the upstream sees nothing."""

    facts: Facts
    step: int
    answer: Answer

    reason: ClassVar[Reason] = Reason.ALLOW
    detail: ClassVar[str] = "a public operation, answered from the directory"


Outcome = Allowed | Named | Forwarded | TurnedAway | Replied
"""What must happen to a call; unsigned and unwritten, both are the server's."""
