"""What a listener answers beside Checks: health and reflection; and which path is what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from google.protobuf.message import DecodeError
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from structlog.typing import FilteringBoundLogger

from authz.server.grpc_face import SERVICE
from authz.server.pyvoy.frames import NoFrame, only_message
from authz.server.pyvoy.health import Health, TooManyWatch
from authz.server.pyvoy.host import App, Message, Receive, Send
from authz.server.pyvoy.wire import (
    INTERNAL,
    NOT_FOUND,
    RESOURCE_EXHAUSTED,
    UNIMPLEMENTED,
    Gone,
    begin,
    end,
    fail,
    messages,
    reply,
    tell,
    whole,
)
from authz.telemetry.logs import whereabouts

AGAIN_SECONDS = 15.0
"""After which who watches is told again: only so is it noticed that somebody has gone."""

MAX_QUESTIONS = 256
"""Of one call of reflection."""

NAMES = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)


class HealthService:
    """`grpc.health.v1.Health` for the service by its name, and for the server as a whole."""

    def __init__(self, told: Health) -> None:
        self._told = told

    async def check(self, scope: Message, receive: Receive, send: Send) -> None:
        """Say how it is now."""
        del scope
        if await _is_known(receive):
            await reply(send, self._answer())
        else:
            await fail(send, NOT_FOUND)

    async def watch(self, scope: Message, receive: Receive, send: Send) -> None:
        """Say how it is now and after each change, until the caller goes."""
        del scope
        if not await _is_known(receive):
            await fail(send, NOT_FOUND)
            return
        changed = asyncio.Event()
        try:
            self._told.watch(changed)
        except TooManyWatch:
            await fail(send, RESOURCE_EXHAUSTED)
            return
        try:
            await begin(send)
            while True:
                await tell(send, self._answer())
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), AGAIN_SECONDS)
                changed.clear()
        finally:
            self._told.forget(changed)

    def _answer(self) -> bytes:
        return HealthCheckResponse(status=self._told.status).SerializeToString()


async def _is_known(receive: Receive) -> bool:
    request = HealthCheckRequest.FromString(only_message(await whole(receive)))
    return request.service in (health.OVERALL_HEALTH, SERVICE)


async def reflect(scope: Message, receive: Receive, send: Send) -> None:
    """Answer questions about what is served (`grpc.reflection.v1alpha`), one after the other."""
    del scope
    # It makes no use of the context of a call that the other front would have.
    answering: Any = reflection.ReflectionServicer(NAMES).ServerReflectionInfo
    asked = 0
    await begin(send)
    async for message in messages(receive):
        request = ServerReflectionRequest.FromString(message)
        for answer in answering(iter([request]), None):
            await tell(send, answer.SerializeToString())
        asked += 1
        if asked == MAX_QUESTIONS:
            break
    await end(send)


class Services:
    """The application of a listener: nothing that it raises reaches pyvoy, whose log is no JSON."""

    def __init__(self, checks: App, told: Health, log: FilteringBoundLogger) -> None:
        watched = HealthService(told)
        self._log = log
        self._by_path: Mapping[str, Callable[[Message, Receive, Send], Awaitable[None]]] = {
            f"/{SERVICE}/Check": checks,
            f"/{health.SERVICE_NAME}/Check": watched.check,
            f"/{health.SERVICE_NAME}/Watch": watched.watch,
            f"/{reflection.SERVICE_NAME}/ServerReflectionInfo": reflect,
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one call."""
        try:
            answering = self._by_path.get(scope["path"])
            if answering is None:
                await fail(send, UNIMPLEMENTED)
            else:
                await answering(scope, receive, send)
        except (Gone, OSError):
            return
        except (NoFrame, DecodeError):
            await _failing(send)
        except BaseException as error:  # noqa: BLE001 - what is left is a fault of ours
            self._log.error("fault", **whereabouts(error))
            await _failing(send)


async def _failing(send: Send) -> None:
    """Say that it failed, unless an answer has begun or the caller has gone."""
    with suppress(Exception):
        await fail(send, INTERNAL)
