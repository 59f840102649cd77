"""The dialogue policy: a pure function of (state, turn, findings, time) to (state, replies, effects)."""

from bot.decision import Decision, FileOrder, Findings, Merge, Say, Turn, Wanted
from bot.policy.decide import after_filing, beside_seat, decide, leave, opening, with_manner_asked
from bot.policy.rating import asked as asked_to_rate

__all__ = [
    "Decision",
    "FileOrder",
    "Findings",
    "Merge",
    "Say",
    "Turn",
    "Wanted",
    "after_filing",
    "asked_to_rate",
    "beside_seat",
    "decide",
    "leave",
    "opening",
    "with_manner_asked",
]
