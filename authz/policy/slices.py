"""Slices: of all policies those that can matter to one kind of leg, made on first use.

Cedar's cost is linear in the policies that it is given. So they are looked up
by what their scope and their tier ask for, and of those that are left each is
dropped that nothing in such a leg can make hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import product

from cedarpy import PolicySet

from authz.model.memo import Memo
from authz.policy.folding import Known, is_dead
from authz.policy.reading import EntityId, Reads, named_in, reads_of
from authz.policy.tiers import tier_of
from authz.policy.written import Policy, engine_id

MOST_SLICES = 1_000
"""Half of those that are kept. One of ten policies takes some 50 KB, and a millisecond to make."""

Whom = tuple[str, str]
"""Whose legs, or calls of what, a policy is about: a relation, and a name."""

EVERYBODY: Whom = ("everybody", "")

_Key = tuple[Whom, str | None, EntityId | None]
"""Whom, which action and which resource a policy is about; None is any."""


def agents_of(namespace: str) -> Whom:
    """Give whom a policy is about that speaks of the agents of *namespace*."""
    return ("agents of", namespace)


def targets_of(namespace: str) -> Whom:
    """Give whom a policy is about that speaks of the targets of *namespace*."""
    return ("targets of", namespace)


def principal(kind: str, name: str) -> Whom:
    """Give whom a policy is about that speaks of one principal alone."""
    return (kind, name)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some policies, ready to be evaluated."""

    engine: PolicySet
    by_engine_id: Mapping[str, Policy]
    reads: Reads

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> Slice:
        """Make a slice of *policies*, which were validated."""
        rows = tuple(policies)
        return cls(
            engine=PolicySet.from_str("\n".join(row.source.text for row in rows)),
            by_engine_id={engine_id(index): row for index, row in enumerate(rows)},
            reads=reads_of(row.source for row in rows),
        )


@dataclass(frozen=True, slots=True)
class Slices:
    """All policies of a world, by what they are about, and the slices that were made of them."""

    policies: tuple[Policy, ...]
    index: Mapping[_Key, tuple[int, ...]]
    """Places in `policies`."""

    named: frozenset[Whom]
    """Whom policies are about: a leg that is none of these is like all others."""

    made: Memo[tuple[int, ...], Slice] = field(
        default_factory=lambda: Memo("policy_slices", MOST_SLICES)
    )
    """By the places of their policies, whatever they are asked about: legs share them."""

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> Slices:
        """Index *policies*; the engine is asked nothing yet."""
        rows = tuple(policies)
        index: defaultdict[_Key, list[int]] = defaultdict(list)
        for place, policy in enumerate(rows):
            for key in _keys(policy):
                index[key].append(place)
        named = frozenset(whom for whom, _, _ in index)
        return cls(rows, {key: tuple(places) for key, places in index.items()}, named)

    def find(self, whom: Iterable[Whom], known: Known) -> Slice:
        """Give the slice for legs that are *whom*, of which the rest is *known*."""
        places = tuple(self._places(whom, known))
        return self.made.find(places) or self.made.keep(
            places, Slice.of(self.policies[place] for place in places)
        )

    def _places(self, whom: Iterable[Whom], known: Known) -> Iterator[int]:
        keys = product(whom, (None, *known.actions), (None, *known.within))
        found = {place for key in keys for place in self.index.get(key, ())}
        for place in sorted(found):
            if not is_dead(self.policies[place].source, known):
                yield place


def _keys(policy: Policy) -> Iterator[_Key]:
    scope = policy.source.policy
    actions = [name for _, name in named_in(scope["action"])]
    resources = named_in(scope["resource"])
    return product(_whom(policy), actions or (None,), resources or (None,))


def _whom(policy: Policy) -> Set[Whom]:
    """Give whom a policy is about: it holds for nobody else, and errs for nobody else."""
    constraint = policy.source.policy["principal"]
    tier, name = tier_of(policy.ref.file)
    match constraint:
        case {"op": "==", "entity": {"type": str(kind), "id": str(named)}}:
            return {principal(kind, named)}
    if tier == "agents":
        return {principal("Agent", name)}
    spaces = [named for kind, named in named_in(constraint) if kind == "Namespace"]
    if spaces:
        return {agents_of(spaces[0])}
    return {targets_of(name), agents_of(name)} if tier == "ns" else {EVERYBODY}
