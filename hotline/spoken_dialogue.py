"""`hotline eval dialogue --spoken`: what the simulated citizen says is spoken, telephoned and recognised.

Our own voice says each sentence (its speed varies by the sentence, and with each time that it is said), the line
band-limits it, adds the noise of a room and codes it as A-law, the configured recogniser hears it, and what it heard is
the turn, with what the phone measures of it. Where no word was heard the phone's own rules decide
(`telephony.unheard`): the citizen is asked to say it again, or the dialogue is told. Only cases of the channel `phone`
are played: typed ones are never spoken. End-pointing and barge-in are no part of this (`hotline call`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import asr_models.recogniser
from asr_models import factory
from asr_models.recogniser import RecogniserError, Recognition
from base.settings import Settings
from conversations import evaluation
from conversations.evaluation import NewLine
from conversations.messages import CitizenTurn, Patience
from conversations.simulated import Reached
from knowledge.confusion_training import Caller, Utterance
from telephony.audio import to_pcm
from telephony.caller_turn import measured, nothing_recognised
from telephony.endpointing import Endpointer
from telephony.hearing import EXPECTED, PRE_ROLL_SECONDS, TAIL_SECONDS
from telephony.prompts import Prompt
from telephony.silence import FIRST_OF_OURS
from telephony.turn_actions import CallerFinished
from telephony.turn_rules import rules_with, strategy_for
from telephony.unheard import NOT_HEARD_SECONDS, UnheardTurns
from telephony.voice_activity import WINDOW_SECONDS, VoiceActivity, VoiceStream

_LONGEST_CHARACTERS: Final = 120  # of one breath: the voice makes at most 20 s in one go
_NEVER_SECONDS: Final = 60.0  # a pause that ends no turn: the clip is one


class Telephone:
    """Voice, line, detector and recogniser of all calls. Loaded at the first sentence; close at the end."""

    def __init__(self, settings: Settings) -> None:
        self._recogniser = factory.load(settings)
        self._caller = Caller(settings)
        self._detector = VoiceActivity()
        chosen = settings.turn_taking
        self._rules = rules_with(chosen, strategy_for(chosen, sound=False, text=False)).endpointing
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telephoned")

    async def hear(self, text: str, patience: Patience, *, before: int) -> tuple[Recognition, CallerFinished]:
        """What the recogniser makes of `text` (it is told what was asked for), and what the phone measures of it.
        `before`: so often it was said in this call already.

        Raises:
            VoiceError, RecogniserError: the voice or the recogniser is missing.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._heard, text, patience, before)

    def _heard(self, text: str, patience: Patience, before: int) -> tuple[Recognition, CallerFinished]:
        pieces = [text[at : at + _LONGEST_CHARACTERS] for at in range(0, len(text), _LONGEST_CHARACTERS)]
        spoken = [
            self._caller.say(
                Utterance.of(piece, before=before), lead_seconds=PRE_ROLL_SECONDS, tail_seconds=TAIL_SECONDS
            )
            for piece in pieces
        ]
        outcomes = self._recogniser.recognise_many(
            [asr_models.recogniser.Utterance(*each, expected=EXPECTED.get(patience, "anything")) for each in spoken]
        )
        heard = [outcome for outcome in outcomes if isinstance(outcome, Recognition)]
        if len(heard) < len(outcomes):
            raise next(outcome for outcome in outcomes if isinstance(outcome, RecogniserError))
        total = sum(one.audio_seconds for one in heard)
        voiced = sum(self._voiced_seconds(to_pcm(samples)) for samples, _ in spoken)
        whole = Recognition(
            "".join(one.text for one in heard).strip(),
            min(one.confidence for one in heard),
            total,
            sum(one.compute_seconds for one in heard),
            heard[0].engine,
            heard[0].digit_confidences if len(heard) == 1 else (),
        )
        return whole, CallerFinished(voiced, total, TAIL_SECONDS, forced=False)

    def _voiced_seconds(self, pcm: bytes) -> float:
        """Of voice, as the phone counts it; 0 where it would not have noticed that anybody spoke."""
        stream, endpointer = VoiceStream(), Endpointer(self._rules, _NEVER_SECONDS)
        for window in stream.windows(pcm):
            endpointer.feed(self._detector.probabilities([(stream, window)])[0], WINDOW_SECONDS)
        return endpointer.voiced_seconds

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


class TelephonedCitizen:
    """One call: a line of `conversations.simulated`."""

    def __init__(self, telephone: Telephone) -> None:
        self._telephone = telephone
        self._unheard = UnheardTurns()
        self._said: Counter[str] = Counter()

    async def say(self, words: str, patience: Patience) -> Reached:
        """Raises as `Telephone.hear`."""
        recognition, finished = await self._telephone.hear(words, patience, before=self._said[words])
        self._said[words] += 1
        if recognition.text:
            self._unheard.words()
            return Reached(
                CitizenTurn(
                    recognition.text,
                    "phone",
                    "speech",
                    confidence=recognition.confidence,
                    meta=measured(recognition, finished),
                )
            )
        voiced = finished.voiced_seconds
        asked_about = voiced >= NOT_HEARD_SECONDS
        unrecognised = self._unheard.speech(voiced) or (self._unheard.answer(patience) if asked_about else 0)
        if unrecognised:
            return Reached(CitizenTurn("", "phone", "speech", meta=nothing_recognised(voiced, unrecognised)))
        return Reached(None, (Prompt.NOT_HEARD if asked_about else FIRST_OF_OURS[patience]).value)


@contextmanager
def telephone(settings: Settings) -> Iterator[NewLine]:
    """The way of a sentence over the telephone, while the evaluation lasts: a new call each time."""
    exchange = Telephone(settings)
    try:
        yield lambda: TelephonedCitizen(exchange)
    finally:
        exchange.close()


def command(argv: list[str]) -> int:
    """`hotline eval dialogue`, with a telephone for `--spoken`."""
    return evaluation.command(argv, telephone=telephone)
