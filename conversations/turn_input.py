"""A turn as the dialogue is given it: normalised words, what the phone measured and the guards found. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from base import alternatives
from base.alternatives import Alternative
from bot import guards, reading
from bot.decision import Turn, Wanted
from bot.guards_model import GuardFindings
from bot.intelligible import Heard
from conversations.messages import CitizenTurn

_CALL_BACK_PURPOSES: Final = ("callback_number", "overload_callback")  # `docs/internals.md`, the phone link
ALTERNATIVES: Final = "alternatives"  # in what is told of a turn; it is not stored
_LONGEST_NUMBER: Final = 32  # digits


@dataclass(frozen=True, slots=True)
class TurnInput:
    """What a decision is made of, besides the state. `nobody_came`: the phone has taken the caller back.
    `alternatives`: what was perhaps said instead, tidied as the words that are searched for.

    `notes` grows while the turn is decided: what the stored turn is to tell of it (source of understanding, failures).
    """

    turn: Turn
    guards: GuardFindings
    now: datetime
    nobody_came: bool = False
    alternatives: tuple[Alternative, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict)

    def alternatives_to(self, wanted: Wanted) -> tuple[Alternative, ...]:
        """Those of a search for the words of this turn, and not for others."""
        searched = wanted.what == "search" and wanted.key[0] == reading.tidy(self.turn.text)
        return self.alternatives if searched else ()


def of(turn: CitizenTurn, now: datetime) -> TurnInput:
    """What the phone measured is taken only where it is a number."""
    text, meta = reading.normalise(turn.text), turn.meta
    spoken = turn.kind in ("speech", "barge_in") or (turn.channel == "phone" and turn.kind == "text")
    seen = Turn(
        text,
        turn.kind,
        spoken,
        heard=Heard(
            turn.confidence if turn.kind == "speech" else None,
            _number(meta.get("voiced_seconds")) or 0.0,
            int(_number(meta.get("unrecognised")) or 0),
        ),
        unplayed=turn.unplayed,
        least_sure_digit=_number(meta.get("least_sure_digit")),
        answered_after_seconds=_number(meta.get("answered_after_seconds")),
        call_back_to=_call_back_to(turn),
    )
    found = guards.check(text)
    others = alternatives.read(meta.get(ALTERNATIVES)) if spoken else ()
    tidied = tuple(replace(one, text=reading.tidy(one.text)) for one in others)
    return TurnInput(seen, found, now, nobody_came="transfer_failed" in meta, alternatives=tidied)


def _call_back_to(turn: CitizenTurn) -> str:
    """The number, where the phone says that these digits are one to call back."""
    wanted = turn.kind == "dtmf" and turn.meta.get("purpose") in _CALL_BACK_PURPOSES
    return turn.text[:_LONGEST_NUMBER] if wanted and turn.text.isdigit() else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
