"""Saying things to the caller: sentences are rendered one by one, the leg is fed a little ahead, a stop is at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from base.errors import HotlineError
from base.logs import get_logger
from telephony.audio import BYTES_A_SECOND, FRAME_BYTES, faded_out, tone
from telephony.legs.leg import AudioSink
from telephony.loudness import amplify
from telephony.manner import Manner
from telephony.metrics import PhoneMetrics
from telephony.playback import Playback, Sentence
from telephony.prompts import Prompt, PromptBook, Speech
from telephony.voice import sentences

log = get_logger("telephony.speaking")

REWIND_BYTES: Final = int(0.12 * BYTES_A_SECOND)  # of a paused sentence, heard again when it goes on
AHEAD_BYTES: Final = int(0.16 * BYTES_A_SECOND)  # bridges a late tick; a barge-in flushes it


@dataclass(frozen=True, slots=True)
class _Order:
    """A text to be rendered into these pieces of the queue."""

    text: str
    pieces: list[Sentence]
    speed: float
    otherwise: Prompt  # said in its place where it cannot be rendered


class Speaker:
    """One call's mouth. `pump` is called with every tick of 20 ms."""

    def __init__(
        self,
        leg: AudioSink,
        speech: Speech,
        prompts: PromptBook,
        metrics: PhoneMetrics,
        *,
        started: Callable[[bool], None],
        finished: Callable[[], None],
    ) -> None:
        """
        Args:
            started: called with the first audio after a pause; True if it is an answer, False for a prompt.
            finished: called when the last sample has left and nothing is queued.
        """
        self._leg = leg
        self._speech = speech
        self._prompts = prompts
        self._metrics = metrics
        self._started = started
        self._finished = finished
        self._playback = Playback()
        self._sent = bytearray()  # written to the leg, not known to have left it
        self._to_render: asyncio.Queue[_Order] = asyncio.Queue(100)
        self._renderer: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()  # cancelled renderers on their way out
        self._sounding = False
        self._answering = False
        self._paused = False
        self._resting = False  # the leg was filled with the last beat: it lasts for this one too
        self._manner = Manner()
        self.hold_back = False  # do not begin while the caller speaks

    @property
    def manner(self) -> Manner:
        """How the caller is talked to, from the next sentence on; the loudness changes at once."""
        return self._manner

    @manner.setter
    def manner(self, manner: Manner) -> None:
        self._manner = manner
        self._prompts.want_speed(manner.prompt_speed)

    @property
    def busy(self) -> bool:
        """Something is playing, queued or being rendered."""
        return self._sounding or not self._playback.idle

    def has_still_to_say(self, text: str) -> bool:
        """Some of what `play` was given as `text` has not left for the caller yet."""
        return self._playback.holds(text)

    def prompt(self, prompt: Prompt, *, first: bool = False) -> Sentence:
        """One of the phone's own sentences. Without any voice a tone shows that the line is alive.

        `first`: before answers that are still being rendered. The sentence in the queue tells when it has `begun`.
        """
        self._metrics.prompts.labels(prompt.name.lower()).inc()
        sentence = self._playback.add("", first=first)
        sentence.audio += self._own(prompt) or tone(440.0, 0.25)
        sentence.complete = True
        return sentence

    def _own(self, prompt: Prompt) -> bytes | None:
        return self._prompts.of(prompt, self._manner.prompt_speed)

    def play(self, pcm: bytes, text: str) -> None:
        """An answer whose audio is there already."""
        sentence = self._playback.add(text, answer=True)
        sentence.audio += pcm
        sentence.complete = True

    def sound(self, pcm: bytes) -> None:
        """Something without words (music)."""
        sentence = self._playback.add("")
        sentence.audio += pcm
        sentence.complete = True

    def say(self, texts: Iterable[str]) -> None:
        """Answers, rendered piece by piece in order; the first is heard while the others are still being rendered."""
        for text in texts:
            pieces = [self._playback.add(words, answer=True) for words in sentences.split(text)]
            self._order(_Order(text, pieces, self._manner.speed, Prompt.VOICE_TROUBLE))

    def remind(self, text: str, *, otherwise: Prompt) -> None:
        """A sentence that only reminds: no loss if it is cut off. `otherwise`: where it cannot be rendered."""
        pieces = [self._playback.add("") for _ in sentences.split(text)]
        self._order(_Order(text, pieces, self._manner.speed, otherwise))

    def _order(self, order: _Order) -> None:
        try:
            self._to_render.put_nowait(order)
        except asyncio.QueueFull:
            _complete(order.pieces)
            log.error("far too many answers wait for their audio; one is left out")
        if self._renderer is None or self._renderer.done():
            self._renderer = asyncio.create_task(self._render())

    async def _render(self) -> None:
        while not self._to_render.empty():
            order = self._to_render.get_nowait()
            pieces = order.pieces
            try:
                await self._render_one(order)
            except (HotlineError, OSError, TimeoutError) as error:
                self._metrics.rendering_failures.inc()
                log.warning("an answer could not be rendered", problem=str(error) or type(error).__name__)
                silent = next((piece for piece in pieces if not piece.audio), None)
                if silent is not None:
                    silent.audio += self._own(order.otherwise) or tone(440.0, 0.5)
                    self._skip_the_rest()  # the apology is enough, once
            finally:
                _complete(pieces)

    async def _render_one(self, order: _Order) -> None:
        text, pieces = order.text, order.pieces
        usual = order.speed == 1.0
        known = self._prompts.of_text(text) if usual else None
        if known is not None and pieces:
            pieces[0].audio += known
            if pieces[0].answer:
                pieces[0].text = text
            return
        index = 0
        stream = self._speech.stream(text) if usual else self._speech.stream(text, speed=order.speed)
        async with aclosing(stream) as chunks:
            async for chunk in chunks:  # one for each piece
                if pieces:
                    piece = pieces[min(index, len(pieces) - 1)]
                    piece.audio += chunk
                    piece.complete = index < len(pieces) - 1
                index += 1

    def _skip_the_rest(self) -> None:
        while not self._to_render.empty():
            _complete(self._to_render.get_nowait().pieces)

    def pump(self, *, often: bool = True) -> bytes:
        """Feed the leg; returns what has left it since the last call (for the recording).

        Who has nothing to say asks nothing of the leg. `often`: called with every beat; then whoever is far enough
        ahead lets every other one pass.
        """
        if not self._sent and not self._sounding and self._playback.idle:
            return b""
        if self._resting:
            self._resting = False
            return b""
        pending = self._leg.buffered()
        gone = bytes(self._sent[: max(0, len(self._sent) - pending)])
        del self._sent[: len(gone)]
        self._playback.heard(len(self._sent))
        if not self._paused and not (self.hold_back and not self._sounding):
            self._top_up(pending)
            self._resting = often and len(self._sent) > AHEAD_BYTES - FRAME_BYTES
        if self._sounding and self._playback.idle and not self._sent:
            self._sounding = self._answering = False
            self._finished()
        return gone

    def _top_up(self, pending: int) -> None:
        room = AHEAD_BYTES - pending
        if room < FRAME_BYTES:
            return
        answer = self._playback.next_is_answer
        piece = self._playback.take(room - room % 2)
        if not piece:
            return
        piece = amplify(piece, self._manner.gain_db)
        taken = self._leg.write(piece)
        if taken < len(piece):
            self._playback.put_back(len(piece) - taken)
        if not taken:
            return
        self._sent += piece[:taken]
        if not self._sounding or (answer and not self._answering):
            self._sounding, self._answering = True, answer
            self._started(answer)

    def pause(self) -> None:
        """Silence at once, the place is kept: `go_on` continues there, `stop` gives it up."""
        self._playback.put_back(self._fall_silent())
        self._playback.rewind(REWIND_BYTES)
        self._paused = True

    def _fall_silent(self) -> int:
        """The leg forgets what it holds, but for 5 ms that fade: speech that breaks off is heard as a click.

        Returns how many bytes it held.
        """
        self._resting = False
        pending = min(self._leg.buffered(), len(self._sent))
        self._leg.flush()
        cut = len(self._sent) - pending
        fading = faded_out(bytes(self._sent[cut : cut + FRAME_BYTES]))
        del self._sent[cut:]
        self._sent += fading[: self._leg.write(fading)] if fading else b""
        return pending

    def go_on(self) -> None:
        """After `pause`; else a no-op."""
        self._paused = False

    def stop(self) -> str:
        """Silence at once. Returns the words of answers that were not heard; `resume` can bring them back."""
        pending = self._fall_silent()
        self._sounding = self._answering = self._paused = False
        return self._playback.interrupt(pending)

    def resume(self) -> bool:
        """Say again what was stopped, from the beginning of the sentence that was cut."""
        return self._playback.resume()

    def forget_stopped(self) -> None:
        """What was stopped will not be said any more; its rendering ends."""
        self._playback.forget_interrupted()
        self._skip_the_rest()
        if self._renderer is not None:
            self._renderer.cancel()
            self._ending.add(self._renderer)
            self._renderer.add_done_callback(self._ending.discard)
            self._renderer = None

    async def close(self) -> None:
        """Stop and wait for the rendering to end."""
        self.forget_stopped()
        await asyncio.gather(*self._ending, return_exceptions=True)


def _complete(pieces: list[Sentence]) -> None:
    for piece in pieces:
        piece.complete = True
