"""What the caller must hear and did not: an order number that they spoke over is said again before they go."""

from __future__ import annotations

from typing import Final

from bot import reading, wording
from bot.decision import Say
from bot.policy.talk import Talk

_AGAIN_AT_MOST: Final = 2
_TOLERANCE: Final = 3  # characters: where a reply was cut is known to about a syllable or two


def remember(talk: Talk) -> None:
    """Note what of the last reply was cut off and has to be heard."""
    state = talk.state
    unplayed = len(reading.bare(talk.turn.unplayed))
    if not talk.phone or not unplayed:
        return
    after = 0  # characters of the reply behind the one looked at
    for entry in reversed(state.said):
        length = len(reading.bare(entry.get("spoken") or entry["text"]))
        if entry.get("keep") and unplayed > after + _TOLERANCE and entry not in state.owed:
            state.owed.append(entry)
        after += length


def settle(talk: Talk) -> None:
    """Say it where the talk comes to rest: before the last words, or before "anything else?"."""
    state = talk.state
    if not state.owed:
        return
    if talk.repeats_last or state.outcome in ("emergency", "seat"):
        state.owed = []  # it is just being said, or a person will say it
        return
    at_rest = talk.hang_up or (state.asking in (None, "satisfaction") and not talk.hold_seconds)
    if not at_rest or state.owed_again >= _AGAIN_AT_MOST:
        return
    state.owed_again += 1
    kept = [Say(str(entry["text"]), str(entry.get("spoken", "")), keep=True) for entry in state.owed]
    talk.says[:0] = [Say(wording.UNHEARD_BEFORE, passing=True), *kept]
    state.owed = []
