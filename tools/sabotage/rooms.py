"""The rooms that hold walls. Whoever adds a file to one of them adds its walls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tools.sabotage.finding import find_walls
from tools.sabotage.second_walls import SECOND_WALLS, SecondWall
from tools.sabotage.walls import Wall

ROOT = Path(__file__).parent.parent.parent

_PATTERNS = (
    "authz/decide.py",
    "authz/outcomes.py",
    "authz/steps/*.py",
    "authz/identity/*.py",
    "authz/claims/*.py",
    "authz/protocols/*.py",
    "authz/wire/*.py",
    "authz/model/headers.py",
    "authz/model/masking.py",
    "authz/model/principals.py",
    "authz/model/resource_uri.py",
    "authz/model/scopes.py",
    "authz/model/spiffe.py",
    "authz/model/strict_json.py",
    "authz/policy/tiers.py",
    "authz/policy/source.py",
    "authz/policy/judge.py",
    "authz/policy/verdicts.py",
    "authz/policy/arguments.py",
    "authz/policy/offers.py",
    "authz/policy/quarantine.py",
    "authz/directory/walls.py",
    "authz/directory/listeners.py",
    "authz/directory/node.py",
    "authz/directory/offers.py",
    "authz/directory/restart.py",
    "authz/directory/route_mistakes.py",
    "authz/directory/routes.py",
    "authz/directory/uris.py",
    "authz/directory/issuers.py",
    "authz/refusals/metadata.py",
    "authz/refusals/render.py",
    "authz/refusals/shapes.py",
    "authz/refusals/small.py",
    "authz/audit/describe.py",
    "authz/audit/durable.py",
    "authz/audit/levels.py",
    "authz/audit/outage.py",
    "authz/audit/queued.py",
    "authz/audit/sink.py",
    "authz/sources/addresses.py",
    "authz/sources/believed.py",
    "authz/sources/declared.py",
    "authz/sources/fetch.py",
    "authz/sources/introspection.py",
    "authz/sources/issuer_keys.py",
    "authz/sources/metadata.py",
    "authz/sources/single_flight.py",
    "authz/sources/validate.py",
    "authz/sources/validating.py",
    "authz/sources/watch.py",
    "authz/server/asking.py",
    "authz/server/certificates.py",
    "authz/server/challenges.py",
    "authz/server/listeners.py",
    "authz/server/decision_point.py",
    "authz/server/needs.py",
    "authz/server/reload.py",
    "authz/server/standing.py",
    "authz/server/watching.py",
    "authz/server/worlds.py",
    "authz/tokens/rotation.py",
    "authz/tokens/schedule.py",
    "authz/tokens/signing_keys.py",
)


class TooFewWalls(Exception):
    """Finding is broken: there are more walls than were found."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """A tree, and which of its files hold walls."""

    root: Path
    patterns: tuple[str, ...]
    fewest: int
    """Walls that there are at the very least."""

    second: tuple[SecondWall, ...] = ()
    """Those that stand behind another on purpose."""

    def within(self, tree: Path) -> Rooms:
        """Give the same rooms of a copy of the tree."""
        return replace(self, root=tree)

    def walls(self) -> tuple[Wall, ...]:
        """
        Find the walls of every room.

        Raises:
            TooFewWalls: fewer than `fewest`, or no file in a room: it has moved away.
        """
        files: list[Path] = []
        for pattern in self.patterns:
            found = sorted(self.root.glob(pattern))
            if not found:
                raise TooFewWalls(f"no file is {pattern}: say in rooms.py where it went")
            files += found
        walls = tuple(wall for path in files for wall in self._walls_of(path))
        if len(walls) < self.fewest:
            raise TooFewWalls(
                f"{len(walls)} walls were found, and there are {self.fewest} at least"
            )
        return walls

    def _walls_of(self, path: Path) -> tuple[Wall, ...]:
        return find_walls(path.relative_to(self.root).as_posix(), path.read_text())


GATE = Rooms(ROOT, _PATTERNS, fewest=40, second=SECOND_WALLS)
