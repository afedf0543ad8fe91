"""What was found out about one caller, one credential and one operation, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple, Unpack

from msgspec import Struct, structs

from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.operation import Message, Operation, Protocol
from authz.model.outcome import Facts

Derived = TypeVar("Derived")
OfWorld = TypeVarTuple("OfWorld")

MAX_SHOWN = 4 * 1024
"""Characters of what is shown. What is longer is found out each time, and costs no memory."""

Pairs = tuple[tuple[str, str], ...]


class Shown(Struct, frozen=True, gc=False):
    """
    All that the steps from the workload to the ceilings see of a call, and the key of what they
    found.

    They are given `as_call` and `as_message`, which hold nothing else: what would
    have to be another key cannot be looked at.
    """

    listener: str
    target: str | None
    host: str
    principal: str
    certificate: str
    headers: Pairs
    """The credential, and the proof of who asks where it is a header."""

    metadata: Pairs
    """The proof of who asks where it is metadata."""

    route: str | None
    """Name of the target that was found."""

    protocol: Protocol
    operation: Operation
    """Without arguments."""

    @property
    def is_short(self) -> bool:
        """Say whether it may be kept."""
        pairs = (*self.headers, *self.metadata)
        texts = (
            *(self.listener, self.target or "", self.host, self.principal, self.certificate),
            *(text for pair in pairs for text in pair),
            *(value for value in structs.astuple(self.operation) if isinstance(value, str)),
        )
        return sum(map(len, texts)) <= MAX_SHOWN

    def as_call(self) -> Call:
        """Give a call that says this and nothing else."""
        return Call(
            decision="",
            new_trace="",
            listener=self.listener,
            principal=self.principal,
            certificate=self.certificate,
            peer_address="",
            target=self.target,
            method="",
            path="",
            host=self.host,
            headers=dict(self.headers),
            body=b"",
            is_lossy=False,
            size=0,
            stream="",
            time=None,
            metadata=dict(self.metadata),
        )

    def as_message(self) -> Message:
        """Give a message that says this and nothing else."""
        return Message(self.protocol, self.operation, None)


@dataclass(frozen=True, slots=True)
class Clearance:
    """What those steps learned where none of them refused; a fact of its own."""

    learned: Facts
    known: Facts
    """What was learned, and the little that it was found out from."""

    since: Instant
    until: Instant
    """The first instant at which a credential, a certificate or the keys behind it are over."""

    _derived: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def holds_at(self, now: Instant) -> bool:
        """Say whether it would be found again. A clock that was set back finds anew."""
        return self.since <= now < self.until

    def derive(
        self, work: Callable[[Facts, Unpack[OfWorld]], Derived], *of_world: *OfWorld
    ) -> Derived:
        """
        Give what *work* makes of what is known here; it is worked out once, and not changed.

        *of_world* is what else it takes: parts of the world that this belongs to, so
        always the same.
        """
        derived: Derived | None = self._derived.get(work)
        if derived is None:
            derived = self._derived[work] = work(self.known, *of_world)
        return derived


def derived(facts: Facts, work: Callable[[Facts], Derived]) -> Derived:
    """Give what *work* makes of a clearance's facts; of all there are, where there is none."""
    clearance = facts.find(Clearance)
    return work(facts) if clearance is None else clearance.derive(work)
