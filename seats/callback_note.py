"""The note of a call-back: each adds to it, and a full one keeps what it began with and what was said last."""

from __future__ import annotations

from typing import Final

NOTE_CHARACTERS: Final = 4_000
_BEGINNING: Final = 4  # its share of a full note is one in so many: the matter, as it was told first
_GAP: Final = "\n……\n"


def added(note: str, words: str) -> str:
    """The note with the words at its end."""
    return shortened(f"{note}\n{words.strip()}".strip(), NOTE_CHARACTERS)


def joined(*notes: str) -> str:
    """Several notes as one, the oldest first; where they are too long for one, each keeps its beginning and its end."""
    told = [note for note in notes if note]
    whole = "\n".join(told)
    if len(whole) <= NOTE_CHARACTERS:
        return whole
    share = NOTE_CHARACTERS // len(told) - 1
    return "\n".join(shortened(note, share) for note in told)


def shortened(text: str, characters: int) -> str:
    """The beginning and the end of what is longer than so many characters."""
    if len(text) <= characters:
        return text
    beginning = max(characters // _BEGINNING - len(_GAP), 0)
    return f"{text[:beginning]}{_GAP}{text[-(characters - beginning - len(_GAP)) :]}"


def says(note: str, words: str) -> bool:
    """Whether these words stand there, as whole lines."""
    return f"\n{words.strip()}\n" in f"\n{note}\n"


def ends_with(note: str, words: str) -> bool:
    """Whether these words were the last that were added."""
    return f"\n{note}".endswith(f"\n{words.strip()}")
