"""The first words of a call: the core's greeting if it is short and here in time, else the phone's own."""

from __future__ import annotations

import asyncio
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


async def greet(opened: asyncio.Future[Opened], services: CallServices, speaker: Speaker, *, recorded: bool) -> None:
    """Say the greeting, whatever the core, the models or the renderer do: a second after the answer at the latest.

    `recorded`: the caller must be told so (the phone's own greeting does, the core's is written to).
    """
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            texts = [item.for_the_ear for item in (await asyncio.shield(opened)).say]
            sounds = [(text, await services.prompts.learn(text)) for text in texts]
    except (TimeoutError, HotlineError, OSError):
        sounds = []
    seconds = sum(seconds_of(sound) for _, sound in sounds)
    if seconds > LONGEST_GREETING_SECONDS:
        log.info("greeting_too_long", seconds=round(seconds, 1))
        sounds = []
    services.metrics.greetings.labels("core" if sounds else "phone").inc()
    for text, sound in sounds:
        speaker.play(sound, text)
    if not sounds:
        speaker.prompt(Prompt.GREETING if recorded else Prompt.GREETING_NOT_RECORDED)
