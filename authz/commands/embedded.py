"""`authz serve --front pyvoy`: outside it becomes Envoy, and inside Envoy it serves as ever."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from dataclasses import replace

from authz.server.listeners import CannotListen
from authz.server.pyvoy.host import App, Host, Message, Receive, Send
from authz.server.pyvoy.launch import become_envoy
from authz.settings import Exit, ServeSettings
from authz.telemetry.logs import open_log, whereabouts

STARTED = f"{__name__}:started"


def serve_embedded(settings: ServeSettings) -> Exit:
    """Become an Envoy that serves; return only if that cannot be."""
    try:
        become_envoy(STARTED, _written(settings), settings.drain_seconds)
    except CannotListen as error:
        open_log(settings.log_level).error("cannot_start", why=str(error))
    return Exit.CANNOT_START


def __getattr__(name: str) -> App:
    """Start to serve when pyvoy asks for `started`, which Envoy does once."""
    if name != "started":
        raise AttributeError(name)
    threading.Thread(target=_live, args=(Host.arrive(),), name="serve", daemon=True).start()
    return _nobody


async def _nobody(scope: Message, receive: Receive, send: Send) -> None:
    """Answer nothing: the listener that starts us is bound nowhere."""
    del scope, receive, send


def _live(host: Host) -> None:
    """Serve, and end Envoy with it: by its own way out the exit code would be Envoy's."""
    settings = _read(host.given)
    code = Exit.INTERNAL
    try:
        code = _serve(settings, host)
    except BaseException as error:  # noqa: BLE001 - it must end, whatever it is
        open_log(settings.log_level).error("fault", **whereabouts(error))
    finally:
        host.leave()
        sys.stderr.flush()
        os._exit(code)


def _serve(settings: ServeSettings, host: Host) -> Exit:
    # Only after `Host.arrive`: what is imported here looks at the interpreter's path.
    from authz.app import serve  # noqa: PLC0415
    from authz.server.pyvoy.face import faces_of  # noqa: PLC0415

    return serve(settings, make=faces_of(host, open_log(settings.log_level)))


def _written(settings: ServeSettings) -> str:
    return pickle.dumps(replace(settings, home=settings.home.absolute())).hex()


def _read(text: str) -> ServeSettings:
    # Our own words, from the environment that we gave ourselves.
    settings: ServeSettings = pickle.loads(bytes.fromhex(text))  # noqa: S301
    return settings
