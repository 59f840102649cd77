"""What everybody who waits is told: the operators' own sentence and the hot topics of the moment, their audio at hand.

The cheapest way to serve a surge: who called for what many ask hears it within seconds, from memory, and no recogniser,
voice detector or dialogue has had anything to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from telephony.prompts import PromptBook


class Notices:
    def __init__(self, prompts: PromptBook, *, fixed: str = "") -> None:
        """`fixed`: said before all hot topics; may be empty."""
        self._prompts = prompts
        self.fixed = (fixed,) if fixed else ()
        self.topics: tuple[str, ...] = ()

    def tell(self, texts: Sequence[str]) -> None:
        """The hot topics from now on; returns at once, their audio is made in the background."""
        self.topics = tuple(text for text in texts if text.strip())
        self.prepare()

    def prepare(self) -> None:
        for text in (*self.fixed, *self.topics):
            self._prompts.want(text)
