"""Before an upgrade: this node takes nothing new, sends its pages to other nodes, and keeps the calls that it has.

Every request but those of our own processes and of probes is answered with 503, on which a proxy asks the next node;
web sockets are closed with 1012 (service restart), on which pages come back, to the next node.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from base.logs import get_logger
from gateway.core import CORE, core_of
from gateway.errors import ApiError
from gateway.sockets import OPEN_SOCKETS

log = get_logger("gateway.draining")
_GOES_ON: Final = ("/healthz", "/readyz", "/metrics", "/internal/")
_PHONE: Final = "phone"


@web.middleware
async def refuse_when_draining(request: web.Request, handler: Handler) -> web.StreamResponse:
    if core_of(request).draining and not request.path.startswith(_GOES_ON):
        raise ApiError(503, "draining", "这里正在升级，请稍后再试。", headers={"Retry-After": "1"})
    return await handler(request)


def drain(app: web.Application) -> None:
    """Begin; again changes nothing."""
    core = app[CORE]
    if core.draining:
        return
    log.info("draining")
    core.drain()
    core.spawn(app[OPEN_SOCKETS].close(besides=_PHONE), "pages go elsewhere")
