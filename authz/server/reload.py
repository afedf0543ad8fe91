"""What is in force follows the files: a new world, new keys and new certificates, while we serve.

Whatever cannot be used leaves what was good before in force, and says so. All
of it is done on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from authz.directory.compiled import Gate
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity
from authz.directory.restart import restart_mistakes
from authz.model.instant import Instant
from authz.server.asking import Asking
from authz.server.beside import beside_requests
from authz.server.certificates import Certificates, CertificateUnusable
from authz.server.standing import Standing
from authz.server.watching import NotNow, Part
from authz.server.worlds import CurrentWorld
from authz.sources.declared import ChangedMeanwhile, Declared, is_as_read, key_files, read_vetted
from authz.sources.validate import NoVerdict, Validator
from authz.tokens.signing_keys import KeyRing, KeysUnusable, SigningKeys, read_key_ring

WORLD, KEYS = "world", "keys"


@dataclass(slots=True)
class Reload:
    """The newest good of everything that can change while we serve."""

    home: Path
    gate: Gate
    """As it was at the start: where we listen and write does not change."""

    declared: Declared
    ring: KeyRing
    signing: SigningKeys
    """What of *ring* is good now."""

    worlds: CurrentWorld
    asking: Asking
    validator: Validator
    standing: Standing
    log: FilteringBoundLogger
    clock: Callable[[], Instant]
    looked_for: frozenset[Path] = frozenset()
    """Files with mistakes; they may lie beside the folders that are watched."""

    def parts(self, certificates: Mapping[str, Certificates]) -> Sequence[Part]:
        """Give what is watched; *certificates* by the names of their listeners."""
        tls = [
            Part(partial(_paths_of, each), partial(self.renew, f"tls of {name}", each))
            for name, each in certificates.items()
        ]
        # Keys first: one that was compromised does not wait for a world's validation.
        return (
            Part(lambda: (self._key_folder,), self.reload_keys),
            Part(self._world_paths, self.reload_world),
            *tls,
        )

    @property
    def _key_folder(self) -> Path:
        return self.home / self.gate.keys_folder

    def _world_paths(self) -> Iterable[Path]:
        files = key_files(self.declared.directory).values()
        named = {self.home / name for name in ("directory", "policies", *files)}
        return sorted(named | self.looked_for)

    def reload_world(self) -> None:
        """
        Put the world of the folder in force, if it is sound.

        Raises:
            NotNow: nobody can say, or it changed while it was looked at.
        """
        started = time.monotonic()
        try:
            if is_as_read(self.home, self.declared):
                self.looked_for = frozenset()
                self._say_sound(WORLD)
                return
            declared = self._read()
        except InvalidWorld as error:
            self.looked_for = frozenset(self.home / row.position.file for row in error.diagnostics)
            self._say_failed(WORLD, error.diagnostics)
            return
        except NoVerdict as error:
            self._say_failed(WORLD, [Diagnostic(Position("."), str(error), error.hint)])
            raise NotNow from error
        except ChangedMeanwhile as error:
            # The next look may see nothing: a file that only the new documents name is not watched.
            raise NotNow from error
        world, elsewhere = declared.world(self.signing.public), self.asking.of(declared.directory)
        self.worlds.replace(world, self.signing, elsewhere)
        known, self.declared = set(self.declared.warnings), declared
        self.looked_for = frozenset()
        self.standing.in_force(declared.version, self.clock())
        self._say_sound(WORLD)
        for warning in declared.warnings:
            if warning not in known:
                self.log.warning("world", what=str(warning))
        spent = round(time.monotonic() - started, 3)
        self.log.info("reloaded", part=WORLD, world=declared.version, seconds=spent)

    def _read(self) -> Declared:
        """Read what another process has found to be sound, and nothing else."""
        vetted = self.validator.validate()
        with beside_requests():
            declared = read_vetted(self.home, vetted)
        gate = declared.directory.gate
        mistakes = [*restart_mistakes(declared.gate, self.gate, gate)]
        if mistakes:
            raise InvalidWorld(mistakes)
        return declared

    def reload_keys(self) -> None:
        """Take over the folder of signing keys."""
        try:
            self.ring = read_key_ring(self._key_folder)
        except KeysUnusable as error:
            place = Position(self.gate.keys_folder)
            self._say_failed(KEYS, [Diagnostic(place, str(error))])
            return
        self._say_sound(KEYS)
        self.advance_keys()

    def advance_keys(self) -> None:
        """Let the key sign whose turn it is, and drop what is retired."""
        signing = self.ring.at(self.clock())
        before = self.signing
        if (signing.signing_id, signing.public_jwks) == (before.signing_id, before.public_jwks):
            return
        world = self.declared.world(signing.public)
        self.worlds.replace(world, signing, self.worlds.now.elsewhere)
        self.signing = signing
        self.log.info("reloaded", part=KEYS, signing_key=signing.signing_id)

    def renew(self, part: str, certificates: Certificates) -> None:
        """Take over the certificate of a listener."""
        try:
            is_new = certificates.renew()
        except CertificateUnusable as error:
            self._say_failed(part, [Diagnostic(Position(str(certificates.paths[0])), str(error))])
            return
        self._say_sound(part)
        if is_new:
            self.log.info("reloaded", part=part)

    def each_round(self) -> None:
        """Do what time brings."""
        self.advance_keys()
        self.asking.close_old(time.monotonic())
        self.validator.get_ready()

    def _say_sound(self, part: str) -> None:
        if self.standing.succeeded(part):
            self.log.info("mended", part=part)

    def _say_failed(self, part: str, mistakes: Sequence[Diagnostic]) -> None:
        # Warnings stand beside mistakes; they keep nothing out.
        errors = [row for row in mistakes if row.severity is Severity.ERROR]
        if self.standing.failed(part, errors, self.clock()):
            for row in errors:
                self.log.error("reload_failed", part=part, what=str(row))


def _paths_of(certificates: Certificates) -> Iterable[Path]:
    return certificates.paths
