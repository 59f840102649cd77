"""Background work for what is kept safe, and not for ever: contact data sealed with the current key, age and seal of
the audit log, personal data erased by age."""

from __future__ import annotations

import asyncio
from typing import Final

from base.errors import HotlineError
from base.logs import get_logger
from conversations.erasure import Folders
from conversations.retention import Retention, RetentionRules
from gateway.core import Core
from storage.file_resealing import reseal_files
from storage.resealing import reseal

log = get_logger("gateway.upkeep")
_LOOK_SECONDS: Final = 30.0
_HOUR_SECONDS: Final = 3600.0
_DAY_SECONDS: Final = 24 * _HOUR_SECONDS
_BREATH_SECONDS: Final = 0.5  # between two steps: others write too


async def keep_sealed(core: Core) -> None:
    """After each start and each rotation everything is walked through once. Cores that do it at once do no harm."""
    done = ""
    while not core.stopping:
        try:
            current = core.database.keyring.keys.current
            if current != done:
                count = await reseal(core.database, core.pause)
                files = await asyncio.to_thread(
                    reseal_files, core.settings.var, core.database.keyring, stop=lambda: core.stopping
                )
                done = current  # cut short by a stop it is gone on with after the next start
                log.info(
                    "contact data was sealed with the current key", key=current, values=count, files=files.rewrapped
                )
                if files.broken:
                    log.error("stored files do not open", files=len(files.broken), first=files.broken[0])
        except HotlineError as error:
            log.error("contact data could not be sealed", reason=str(error))
        except Exception as error:
            log.error("contact data could not be sealed", error=type(error).__name__, exc_info=error)
        await core.pause(_LOOK_SECONDS)


async def keep_audit(core: Core) -> None:
    """Once a day: entries beyond their age go, and the newest seal goes to the log, which somebody else may keep."""
    while not core.stopping:
        try:
            removed = await core.audit.remove_older(core.settings.security.audit_days)
            head = await core.audit.head()
            log.info("audit log", newest=head[0], seal=head[1], removed=removed)
        except Exception as error:
            log.error("the audit log could not be kept", error=type(error).__name__, exc_info=error)
        await core.pause(_DAY_SECONDS)


async def keep_no_longer(core: Core) -> None:
    """Every hour, by the node that leads: what is older than `retention` of the settings is erased."""
    chosen = core.settings.retention
    rules = RetentionRules(chosen.orders_days, chosen.conversations_days)
    if not (rules.orders_days or rules.conversations_days):
        return
    retention = Retention(core.database, Folders.under(core.settings.var), rules, clock=core.clock)
    while not core.stopping:
        erased = 0
        try:
            while not core.stopping and core.leadership.leads and (count := await retention.step()):
                erased += count
                await core.pause(_BREATH_SECONDS)
        except Exception as error:
            log.error("personal data could not be erased by age", error=type(error).__name__, exc_info=error)
        if erased:
            log.info("personal data was erased by age", orders_and_conversations=erased)
        await core.pause(_HOUR_SECONDS)
