"""What is being said to the caller: sentences queued, their audio handed out frame by frame, and what was not heard.

Pure bookkeeping. Audio of a sentence may arrive piece by piece while earlier sentences are already playing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sentence:
    """One sentence in line. `complete`: no more audio will come for it. `answer`: no mere prompt of the phone."""

    text: str
    answer: bool = False
    audio: bytearray = field(default_factory=bytearray)
    complete: bool = False
    position: int = 0  # bytes handed out

    @property
    def begun(self) -> bool:
        """Some of it is on its way to the caller's ear, or has been there."""
        return self.position > 0

    @property
    def exhausted(self) -> bool:
        return self.complete and self.position >= len(self.audio)

    def unheard(self, heard_bytes: int) -> str:
        """The words after `heard_bytes` of audio, taking each character to last equally long."""
        if not self.audio or heard_bytes <= 0:
            return self.text
        share = min(1.0, heard_bytes / len(self.audio))
        return self.text[round(share * len(self.text)) :]


class Playback:
    """The queue of one call."""

    def __init__(self) -> None:
        self._queue: deque[Sentence] = deque()
        self._handed_out: deque[tuple[Sentence, int]] = deque()  # not yet known to be heard: (sentence, bytes)
        self._interrupted: list[Sentence] = []

    def add(self, text: str, *, answer: bool = False, first: bool = False) -> Sentence:
        """A sentence for the queue; its audio is added to `.audio`, then `.complete` set.

        `first`: before everything that has not begun to play, else at the end.
        """
        sentence = Sentence(text, answer)
        if first and (not self._queue or not self._queue[0].begun):
            self._queue.appendleft(sentence)
        else:
            self._queue.append(sentence)
        return sentence

    @property
    def idle(self) -> bool:
        """Nothing is queued (the leg may still hold a little that was handed out)."""
        self._drop_exhausted()
        return not self._queue

    def _drop_exhausted(self) -> None:
        while self._queue and self._queue[0].exhausted:
            self._queue.popleft()

    @property
    def next_is_answer(self) -> bool:
        """Does an answer (not a prompt) come next?"""
        self._drop_exhausted()
        return bool(self._queue) and self._queue[0].answer

    def holds(self, text: str) -> bool:
        """Some of this sentence has not been heard yet."""
        self._drop_exhausted()
        waiting = (*self._queue, *(sentence for sentence, _ in self._handed_out))
        return any(sentence.text == text for sentence in waiting)

    def take(self, limit_bytes: int) -> bytes:
        """Up to `limit_bytes` of the next audio; empty while a sentence is still being rendered."""
        taken = bytearray()
        while len(taken) < limit_bytes:
            self._drop_exhausted()
            if not self._queue:
                break
            sentence = self._queue[0]
            piece = sentence.audio[sentence.position : sentence.position + limit_bytes - len(taken)]
            if not piece:
                break
            sentence.position += len(piece)
            self._handed_out.append((sentence, len(piece)))
            taken += piece
        self._drop_exhausted()
        return bytes(taken)

    def put_back(self, refused_bytes: int) -> None:
        """The leg did not take the last `refused_bytes` handed out: they come again.

        Raises:
            ValueError: more than was handed out.
        """
        while refused_bytes > 0:
            if not self._handed_out:
                raise ValueError("more bytes refused than were handed out")
            sentence, size = self._handed_out.pop()
            back = min(size, refused_bytes)
            if size > back:
                self._handed_out.append((sentence, size - back))
            sentence.position -= back
            refused_bytes -= back
            if not self._queue or self._queue[0] is not sentence:
                self._queue.appendleft(sentence)

    def rewind(self, size_bytes: int) -> None:
        """What was heard last comes once more (within the present sentence), so that no half syllable is lost."""
        self._drop_exhausted()
        if self._queue and self._queue[0].position:
            self._queue[0].position -= min(self._queue[0].position, size_bytes)

    def heard(self, pending_bytes: int) -> None:
        """The leg still holds `pending_bytes` of what was handed out; everything before that has been played."""
        total = sum(size for _, size in self._handed_out)
        while self._handed_out and total - self._handed_out[0][1] >= pending_bytes:
            total -= self._handed_out.popleft()[1]

    def interrupt(self, pending_bytes: int) -> str:
        """Stop: the queue is emptied and the words the caller has not heard are returned.

        Args:
            pending_bytes: what the leg had taken but not played when it was told to forget it.
        """
        self.heard(pending_bytes)
        unplayed: dict[int, int] = {}
        cut: list[Sentence] = []
        for sentence, size in self._handed_out:
            if id(sentence) not in unplayed:
                cut.append(sentence)
            unplayed[id(sentence)] = unplayed.get(id(sentence), 0) + size
        cut += [sentence for sentence in self._queue if id(sentence) not in unplayed]
        words = "".join(sentence.unheard(sentence.position - unplayed.get(id(sentence), 0)) for sentence in cut)
        self._queue.clear()
        self._handed_out.clear()
        self._interrupted = cut
        return words

    def resume(self) -> bool:
        """Play what was interrupted again, from the beginning of the cut sentence; False if there is nothing."""
        if not self._interrupted:
            return False
        for sentence in self._interrupted:
            sentence.position = 0
        self._queue.extendleft(reversed(self._interrupted))
        self._interrupted = []
        return True

    def forget_interrupted(self) -> None:
        self._interrupted = []
