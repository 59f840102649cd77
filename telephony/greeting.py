"""The first words of a call: the core's greeting if it is short and here in time, else the phone's own."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from base.errors import HotlineError
from base.logs import get_logger
from telephony.audio import seconds_of
from telephony.call_services import CallServices
from telephony.core_messages import Opened
from telephony.prompts import Prompt
from telephony.speaking import Speaker

log = get_logger("telephony.greeting")

GREETING_SECONDS: Final = 1.0
LONGEST_GREETING_SECONDS: Final = 4.0  # callers want to speak; whatever is longer is not played
LONGEST_WITH_NOTICES_SECONDS: Final = 14.0  # a hot topic after the greeting; the caller may interrupt it


async def greet(
    opened: asyncio.Future[Opened],
    services: CallServices,
    speaker: Speaker,
    *,
    recorded: bool,
    noticed: Collection[str] = (),
    patience_seconds: float = GREETING_SECONDS,
) -> None:
    """Say the greeting, whatever the core, the models or the renderer do, a second after it rang at the latest.

    Args:
        recorded: the caller must be told so (the phone's own greeting does, the core's is written to).
        noticed: hot topics that they heard while they waited: not said again.
        patience_seconds: how long to wait for the core's words and their audio.
    """
    sounds: list[tuple[str, bytes]] = []
    try:
        async with asyncio.timeout(max(0.0, patience_seconds)):
            for item in (await asyncio.shield(opened)).say:
                if item.for_the_ear in noticed:
                    continue
                sounds.append((item.for_the_ear, await services.prompts.learn(item.for_the_ear)))
    except (TimeoutError, HotlineError, OSError) as error:
        # What is there is said: a notice that was never rendered takes nothing from the greeting before it.
        log.info("greeting_incomplete", pieces=len(sounds), problem=type(error).__name__)
    sounds = _fitting(sounds)
    services.metrics.greetings.labels("core" if sounds else "phone").inc()
    for text, sound in sounds:
        speaker.play(sound, text)
    if not sounds:
        speaker.prompt(Prompt.GREETING if recorded else Prompt.GREETING_NOT_RECORDED)


def _fitting(sounds: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The greeting, if it is short, and after it the notices that still fit."""
    kept: list[tuple[str, bytes]] = []
    seconds = 0.0
    for text, sound in sounds:
        seconds += seconds_of(sound)
        if seconds > (LONGEST_WITH_NOTICES_SECONDS if kept else LONGEST_GREETING_SECONDS):
            log.info("greeting_too_long", seconds=round(seconds, 1), notice=bool(kept))
            break
        kept.append((text, sound))
    return kept
