"""A call as somebody tells it: no bytes and no tokens, so what they would prove is stated."""

from __future__ import annotations

from dataclasses import dataclass

from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.operation import Message
from authz.model.outcome import Refused
from authz.model.principals import Identity, Login, UserAlone
from authz.policy.reads import NOTHING_MASKED, Masked
from authz.world import World


@dataclass(frozen=True, slots=True)
class Stated:
    """One call, its proofs stated."""

    call: Call
    """Where it came in, the target, what HTTP says; its body and its proofs are not looked at."""

    caller: Identity | UserAlone | Refused
    """Whom a proof names, or why none does."""

    message: Message | Refused
    """What was read of the bytes, or why nothing was."""

    login: Login | Refused | None
    """What the credential says, or why it proves nothing; None where there is none."""

    now: Instant
    masked: Masked = NOTHING_MASKED
    """Values that are not known; what stands there is made up."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a trial decides: a call, in a world."""

    stated: Stated
    world: World
