"""Mining beside the requests: once a day, and when an editor asks. Of several cores the leader does it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from base.logs import get_logger
from gateway.core import Core
from knowledge.mining.hint_store import HintStore
from knowledge.mining.store import Miner, Rebuilt

log = get_logger("gateway.mining")
_LOOK_SECONDS = 60.0


async def mine_when_due(core: Core) -> Rebuilt | None:
    """Cluster what was not answered and check the whole base, if the day or an editor wants it."""
    miner = Miner(core.database, core.meaning, core.clock)
    made = await miner.when_due(core.settings.knowledge.mining_hour)
    if made is not None:
        hints = await HintStore(core.database, core.meaning, core.clock).refresh()
        log.info("questions mined", questions=made.questions, clusters=made.clusters, hints=hints)
    return made


async def keep_mining(core: Core) -> None:
    """Until the core stops. A request on the leading core is looked at once, one on another core within a minute."""
    while not await core.pause(0.0):
        with suppress(TimeoutError):
            await asyncio.wait_for(core.mining_asked.wait(), _LOOK_SECONDS)
        core.mining_asked.clear()
        if await core.pause(0.0):
            return
        if not core.leadership.leads:
            continue
        try:
            await mine_when_due(core)
        except Exception as error:
            log.error("questions could not be mined", error=type(error).__name__, exc_info=error)
