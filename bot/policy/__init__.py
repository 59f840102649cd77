"""The dialogue policy: a pure function of (state, turn, findings, time) to (state, replies, effects)."""

from bot.decision import Decision, FileOrder, Findings, Merge, Say, Turn, Wanted
from bot.policy.decide import after_filing, beside_seat, decide, leave, opening, with_manner_asked

__all__ = [
    "Decision",
    "FileOrder",
    "Findings",
    "Merge",
    "Say",
    "Turn",
    "Wanted",
    "after_filing",
    "beside_seat",
    "decide",
    "leave",
    "opening",
    "with_manner_asked",
]
