"""The core process: `python -m gateway.main`. Serves at once, is ready when its parts have loaded, stops in order."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import ssl
import sys
import threading
from contextlib import AsyncExitStack
from typing import NoReturn

from aiohttp import web

from base import logs, settings, trace_export
from base.certificate import ensure
from base.errors import ConfigurationError, HotlineError
from base.logs import get_logger
from base.settings import Settings
from gateway.app import build_app
from gateway.core import Core, settle
from gateway.desk import DESK, Desk
from gateway.draining import drain
from gateway.server_log import keep_bytes_out

log = get_logger("gateway.main")
_SHUTDOWN_SECONDS = 3.0
_LAST_SECONDS = 5.0


def _tls(chosen: Settings) -> ssl.SSLContext | None:
    certificate, key = chosen.web.tls_certificate, chosen.web.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError("web.tls_certificate and web.tls_key are set together or not at all")
    ensure(chosen)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the TLS certificate {certificate} or its key cannot be used: {error}") from error
    return context


async def serve(chosen: Settings, stop: asyncio.Event | None = None) -> int:
    """Serve until told to stop (SIGTERM, SIGINT, or `stop`).

    Returns:
        0 after an orderly stop; 1 where a part could not be loaded (the reason is in the log).

    Raises:
        HotlineError: the port is taken, or a setting cannot be used.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as closing:
        core = Core(chosen)
        closing.push_async_callback(core.close)
        app = build_app(core)
        loop.add_signal_handler(signal.SIGUSR1, drain, app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        closing.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, chosen.web.host, chosen.web.port, ssl_context=_tls(chosen))
        try:
            await site.start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigurationError(
                    f"port {chosen.web.port} on {chosen.web.host} is taken by another program: stop it, or choose "
                    "another with HOTLINE_WEB__PORT"
                ) from error
            raise ConfigurationError(f"cannot listen on {chosen.web.host}:{chosen.web.port}: {error}") from error
        log.info("serving", host=chosen.web.host, port=chosen.web.port, public_url=chosen.web.public_url)
        waiting = asyncio.create_task(stop.wait(), name="stop signal")
        living = asyncio.create_task(_live(core, app[DESK]), name="rooms")
        try:
            done, _ = await asyncio.wait({waiting, living}, return_when=asyncio.FIRST_COMPLETED)
            if living in done and not stop.is_set():
                living.result()
                return 1
            log.info("stopping")
            return 0
        finally:
            core.stop()
            waiting.cancel()
            await settle(living)


async def _live(core: Core, desk: Desk) -> None:
    """Load the rooms and keep them until the core stops. The heavy modules are imported in a thread: while they load,
    the probes are answered."""

    def load() -> object:
        from gateway import rooms

        return rooms.open_rooms

    await asyncio.to_thread(load)
    from gateway.rooms import open_rooms

    async with open_rooms(core, desk):
        await core.stopped()


def _end_at_the_latest(status: int) -> None:
    """A part that hangs while it is closed must not keep the process, and with it the port, from going."""

    def end() -> None:
        print("core: a part did not close in time; ending all the same", file=sys.stderr, flush=True)
        os._exit(status)

    timer = threading.Timer(_LAST_SECONDS, end)
    timer.daemon = True
    timer.start()


async def _serve_and_end(chosen: Settings) -> int:
    status = 1
    try:
        status = await serve(chosen)
    finally:
        _end_at_the_latest(status)
    return status


def main() -> int:
    try:
        chosen = settings.load()
        logs.configure("core", chosen.service.log_level, chosen.service.log_style)
        keep_bytes_out()
        recorded = trace_export.configure(chosen, "core")
        try:
            return asyncio.run(_serve_and_end(chosen))
        finally:
            if recorded is not None:
                recorded.shutdown()
    except HotlineError as error:
        print(f"core: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _leave(status: int) -> NoReturn:
    """End at once: everything is closed, and taking the loaded models apart would take seconds for nothing."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
