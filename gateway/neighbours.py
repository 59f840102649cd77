"""Are the recognisers there? Their sockets lie in the run folder; one that takes a connection is alive."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.core import Part

_PATIENCE_SECONDS = 1.0


async def recognisers(run: Path, phone_hears: bool | None = None) -> Part:
    """What `/readyz` tells of the recognisers: those on this machine, else what the phone says of its own."""
    paths = await asyncio.to_thread(lambda: sorted(run.glob("recogniser-*.sock")))
    alive = sum([await _answers(path) for path in paths])
    if not alive and phone_hears:
        return Part(ok=True, needed=False, detail="就绪（电话进程所在的机器）", extra={"workers": 0})
    detail = f"{alive} 个识别进程就绪" if alive else "没有识别进程，电话只能按键或登记回电"
    return Part(ok=alive > 0, needed=False, detail=detail, extra={"workers": alive})


async def _answers(path: Path) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            _, writer = await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
