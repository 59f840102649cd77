"""`hotline eval dialogue --spoken`: what the simulated citizen says is spoken, telephoned and recognised.

Our own voice says each sentence (its speed varies by the sentence), the line band-limits it, adds the noise of a room
and codes it as A-law, the configured recogniser hears it, and what it heard is the turn. Only cases of the channel
`phone` are played: typed ones are never spoken. End-pointing and barge-in are no part of this (`hotline call`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import asr_models.recogniser
from asr_models import factory
from asr_models.recogniser import Outcome, RecogniserError
from base.settings import Settings
from conversations import evaluation
from conversations.messages import Patience
from conversations.simulated import Hear
from knowledge.confusion_training import Caller, Utterance
from telephony.hearing import EXPECTED, PRE_ROLL_SECONDS, TAIL_SECONDS

_LONGEST_CHARACTERS = 160  # of one breath; the recogniser takes at most a minute


class TelephonedCitizen:
    """Hears a sentence as the bot would over the telephone. Loaded at the first sentence; close at the end."""

    def __init__(self, settings: Settings) -> None:
        self._recogniser = factory.load(settings)
        self._caller = Caller(settings)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telephoned")

    async def hear(self, text: str, patience: Patience) -> str:
        """What the recogniser makes of `text`; empty where it hears nothing. It is told what was asked for, as the
        phone tells it.

        Raises:
            VoiceError, RecogniserError: the voice or the recogniser is missing.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._heard, text, patience)

    def _heard(self, text: str, patience: Patience) -> str:
        pieces = [text[at : at + _LONGEST_CHARACTERS] for at in range(0, len(text), _LONGEST_CHARACTERS)]
        spoken = [
            self._caller.say(Utterance.of(piece), lead_seconds=PRE_ROLL_SECONDS, tail_seconds=TAIL_SECONDS)
            for piece in pieces
        ]
        expected = EXPECTED.get(patience, "anything")
        outcomes = self._recogniser.recognise_many(
            [asr_models.recogniser.Utterance(*each, expected=expected) for each in spoken]
        )
        return "".join(_text(outcome) for outcome in outcomes)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _text(outcome: Outcome) -> str:
    if isinstance(outcome, RecogniserError):
        raise outcome
    return outcome.text if outcome is not None else ""


@contextmanager
def telephone(settings: Settings) -> Iterator[Hear]:
    """The way of a sentence over the telephone, while the evaluation lasts."""
    citizen = TelephonedCitizen(settings)
    try:
        yield citizen.hear
    finally:
        citizen.close()


def command(argv: list[str]) -> int:
    """`hotline eval dialogue`, with a telephone for `--spoken`."""
    return evaluation.command(argv, ear=telephone)
