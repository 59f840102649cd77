"""What the recognisers and the renderer of a system have done so far, as they tell it themselves."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Final

from asr_models import server
from base.local_client import LocalConnection
from base.sections.node import DataSettings
from base.settings import Settings
from telephony import renderer

TOLD: Final = ("done", "cancelled", "late")
_LONGEST_SECONDS: Final = 5.0

Counts = dict[str, dict[str, int]]
"""By kind of worker, then by what became of the requests (`TOLD`)."""


def counts(directory: Path, recognisers: int) -> Counts:
    """Of the system with this data directory; the recognisers' are summed."""
    settings = Settings(data=DataSettings(directory=directory))
    sockets = [("recogniser", server.socket_path(settings, number)) for number in range(recognisers)]
    sockets.append(("renderer", renderer.socket_path(settings)))
    found: Counts = {kind: dict.fromkeys(TOLD, 0) for kind, _ in sockets}
    for kind, socket in sockets:
        told = asyncio.run(_status(socket))
        for name in TOLD:
            found[kind][name] += told[name]
    return found


def since(before: Counts, after: Counts) -> Counts:
    """How much each has grown."""
    return {kind: {name: now[name] - before[kind][name] for name in TOLD} for kind, now in after.items()}


async def _status(socket: Path) -> dict[str, int]:
    async with asyncio.timeout(_LONGEST_SECONDS):
        connection = await LocalConnection.open(socket)
        try:
            async with aclosing(connection.request({"op": "status"})) as answers:
                answer, _ = await anext(answers)
        finally:
            await connection.close()
    return {name: int(answer[name]) for name in TOLD}
