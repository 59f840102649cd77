"""One caller in the waiting room: told at once what many ask and where they stand, kept informed, offered a call-back
by key or word.

Costs next to nothing while it waits: voice is looked for only in the few seconds after a question, and recognised
behind everything that is urgent; what is said are a few fixed prompts and a few short pieces that the prompt book has
in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from asr_models.recogniser import Expected, RecogniserError
from base.errors import HotlineError
from base.logs import get_logger
from base.spelling import spell
from telephony import hold_music
from telephony.callback_offer import (
    Accepted,
    AskConfirmation,
    AskNumber,
    CallBackOffer,
    ChoiceLapsed,
    NotUnderstood,
    OfferEvent,
)
from telephony.dtmf import PersonWanted
from telephony.front_desk import Departure, FrontDesk
from telephony.hearing import Listener
from telephony.playback import Sentence
from telephony.prompts import Prompt, PromptBook, Speech
from telephony.speaking import Speaker
from telephony.waiting_room import standing
from telephony.word_ear import WordEar

log = get_logger("telephony.waiting_caller")

MUSIC_BETWEEN_NEWS: Final = 2  # pieces of 16 s: no news more often than every half minute
OFFER_AGAIN: Final = 4  # with every fourth piece of news the offer is made again
RENDER_SECONDS: Final = 3.0
CORE_SECONDS: Final = 4.0  # what the core has not confirmed by then is only noted


class WaitingCaller:
    """`until_called_up` runs as a task of the call; `press`, `tick`, `feed` and `on_voice` come from the call."""

    def __init__(
        self,
        call_id: str,
        desk: FrontDesk,
        speaker: Speaker,
        speech: Speech,
        prompts: PromptBook,
        listener: Listener | None,
        *,
        caller_number: str,
        fixed: Sequence[str],
        topics: Sequence[str],
        own: Callable[[Coroutine[Any, Any, None]], None],
        promise: Callable[[str], None],
        unconfirmed: Callable[[], None],
    ) -> None:
        """
        Args:
            listener: None where nothing can be recognised: keys only.
            fixed: what the operators say to everybody who waits; may be empty.
            topics: the hot topics, what many callers want to know now; may be empty.
            own: runs work as a task of the call.
            promise: told the number when the caller has chosen a call-back; the core's answer says goodbye.
            unconfirmed: called once when no answer of the core can be waited for any longer.
        """
        self._call_id = call_id
        self._desk = desk
        self._speaker = speaker
        self._speech = speech
        self._prompts = prompts
        self._listener = listener
        self._ear = WordEar()
        self._question: Sentence | None = None  # is on its way, or sounds, and may be answered by a word
        self._offer = CallBackOffer(caller_number)
        self._fixed = fixed
        self._topics = topics
        self._own = own
        self._promise = promise
        self._unconfirmed = unconfirmed
        self._turn = desk.turn_of(call_id)
        self._told: tuple[str, str] | None = None
        self.noticed: set[str] = set()  # what was said of `fixed` and `topics`
        self._wants_more = False  # pressed or said something, or went on waiting for something else
        self._news = 0
        self._music = 0  # pieces since the last news
        self._idle = False  # nothing is on its way to be told
        self._promised_at: float | None = None
        self._ticked_at = 0.0
        self.wants_person = False

    @property
    def called_up(self) -> bool:
        """It is the caller's turn; perhaps while it still rang."""
        return self._turn is None or self._turn.done()

    @property
    def _listens(self) -> bool:
        """News may be told: the caller is waiting and not choosing."""
        return not self.called_up and self._offer.step == "offered"

    @property
    def _all_topics_said(self) -> bool:
        return bool(self._topics) and self.noticed.issuperset(self._topics)

    @property
    def informed(self) -> bool:
        """Has heard every hot topic to its end and has asked for nothing (decision 0045)."""
        unheard = any(self._speaker.has_still_to_say(topic) for topic in self._topics)
        return self._all_topics_said and not unheard and not self._wants_more

    def gone(self, reason: str) -> str:
        """The call is over for this reason; what the core is told: how who was still here left the waiting room."""
        if self._desk.turn_of(self._call_id) is None:
            return reason
        departure: Departure = "informed" if reason == "caller_hung_up" and self.informed else "abandoned"
        self._desk.leave_room(self._call_id, departure)
        return departure

    async def until_called_up(self) -> None:
        """Returns when the caller is served, or has asked for a person; not after a promised call-back."""
        assert self._turn is not None
        self._speaker.prompt(Prompt.BUSY)
        for notice in (*self._fixed, *self._topics):
            if await self._say(notice):
                self.noticed.add(notice)
        if self._all_topics_said and self._listens:
            self._speaker.prompt(Prompt.BUSY_INFORMED)
        await self._tell(again=False)
        self._make_offer()
        self._idle = True
        await asyncio.wait([self._turn])
        self._hush()

    def _go_on(self) -> None:
        """Nothing sounds: music, or after some of it the next piece of news."""
        self._wants_more = True
        if self._music < MUSIC_BETWEEN_NEWS:
            self._music += 1
            self._speaker.sound(hold_music.loop().tobytes())
        else:
            self._music = 0
            self._idle = False
            self._own(self._update())

    async def _update(self) -> None:
        self._news += 1
        await self._tell(again=True)
        if self._news % OFFER_AGAIN == 0:
            self._make_offer()
        self._idle = True

    def _make_offer(self) -> None:
        if self._listens:
            if self._listener is not None:
                self._question = self._speaker.prompt(Prompt.BUSY_OFFER)
            else:
                self._speaker.prompt(Prompt.BUSY_OFFER_KEYS)

    async def _tell(self, *, again: bool) -> None:
        """Where the caller stands; what has been told already is not told again. Nothing to whom has been called up
        meanwhile: they stand nowhere any more."""
        if not self._listens:
            return
        ahead, seconds = self._desk.standing(self._call_id)
        news = standing(ahead, seconds, again=again)
        if news == self._told:
            self._speaker.prompt(Prompt.STILL_WAITING)
            return
        self._told = news
        await self._say(*news)

    async def _say(self, *texts: str) -> bool:
        """What has no audio in time is left out: a caller who waits is not told of our troubles with the voice too.
        False where nothing was said."""
        try:
            async with asyncio.timeout(RENDER_SECONDS):
                sounds = [await self._prompts.learn(text) for text in texts]
        except (HotlineError, OSError, TimeoutError) as error:
            log.info("news_not_rendered", call_id=self._call_id, problem=str(error) or type(error).__name__)
            return False
        if not self._listens:
            return False
        for text, sound in zip(texts, sounds, strict=True):
            self._speaker.play(sound, text)
        return True

    def press(self, key: str, now: float) -> None:
        """A debounced key."""
        self._wants_more = True
        event = self._offer.press(key, now)
        if event is not None or self._offer.choosing:
            self._hush()
        self._act(event, now)

    def tick(self, now: float) -> None:
        """A few times a second."""
        self._ticked_at = now
        self._act(self._offer.tick(now), now)
        self._ear.tick(now)
        if self._question is not None:
            self._listen_for_answer(self._question, now)
        if self._listens and self._idle and not self._speaker.busy and not self._ear.listening:
            self._go_on()
        if self._promised_at is not None and now - self._promised_at >= CORE_SECONDS:
            self._promised_at = None
            self._unconfirmed()

    def _listen_for_answer(self, question: Sentence, now: float) -> None:
        """An offer may be answered from its first sound on, and with a clear voice while the news before it sound: who
        waits for the second time knows it. A number is read to its end first: 对 in the middle of it means nothing."""
        busy = self._speaker.busy
        if self._listens or not busy:
            self._ear.open(now, asked=question.begun)
        if not busy:
            self._question = None

    def feed(self, pcm: bytes) -> bytes:
        """The caller's audio; returns what the voice detector is to hear of it: nothing unless an answer is awaited."""
        return self._ear.feed(pcm)

    def on_voice(self, probability: float, seconds: float) -> None:
        """The detector's opinion on what `feed` returned."""
        if (word := self._ear.voice(probability, seconds)) is not None and self._listener is not None:
            self._wants_more = True
            self._own(self._recognise(word, self._listener))

    async def _recognise(self, word: bytes, listener: Listener) -> None:
        """It gives way to whoever is served: a word that finds no recogniser in time is answered with the keys."""
        try:
            expected: Expected = "yes_no" if self._offer.step == "confirming" else "anything"
            heard = await listener.recognise(word, self._call_id, expected=expected)
        except RecogniserError as error:
            log.info("word_not_recognised", call_id=self._call_id, problem=str(error))
            if self._offer.step == "confirming":
                self._speaker.prompt(Prompt.CALLBACK_CONFIRM)
            elif self._listens:
                self._speaker.prompt(Prompt.BUSY_OFFER_KEYS)
            return
        if self.called_up:
            return  # called up meanwhile
        if (event := self._offer.hear(heard.text, self._ticked_at)) is not None:
            self._hush()
            self._act(event, self._ticked_at)

    def _act(self, event: OfferEvent | None, now: float) -> None:
        match event:
            case AskConfirmation(number):
                self._desk.set_busy(self._call_id, True)
                self._own(self._confirm(number))
            case NotUnderstood():
                self._question = self._speaker.prompt(Prompt.CALLBACK_CONFIRM_AGAIN)
            case AskNumber(again):
                self._desk.set_busy(self._call_id, True)
                self._speaker.prompt(Prompt.CALLBACK_NUMBER_AGAIN if again else Prompt.CALLBACK_NUMBER)
            case ChoiceLapsed():
                self._speaker.prompt(Prompt.CHOICE_LAPSED)
                self._desk.set_busy(self._call_id, False)
            case Accepted(number):
                self._promised_at = now
                self._desk.leave_room(self._call_id, "call_back")
                self._promise(number)
            case PersonWanted():
                self.wants_person = True
                self._desk.leave_room(self._call_id, "person")

    async def _confirm(self, number: str) -> None:
        """Read the end of the number back; whoever else listens does not learn the whole of it."""
        word = "说对，或者" if self._listener is not None else ""
        text = f"给您尾号{spell(number[-4:])}的号码回电，确认请{word}按井号键。"
        try:
            async with asyncio.timeout(RENDER_SECONDS):
                sound = b"".join([piece async for piece in self._speech.stream(text)])
        except (HotlineError, OSError, TimeoutError):
            sound = b""
        if self._offer.step != "confirming":
            return
        if sound:
            self._speaker.play(sound, text)
        question = self._speaker.prompt(Prompt.CALLBACK_OTHER_NUMBER if sound else Prompt.CALLBACK_CONFIRM)
        self._question = question if self._listener is not None else None

    def _hush(self) -> None:
        self._question = None
        self._ear.close()
        self._speaker.stop()
        self._speaker.forget_stopped()
