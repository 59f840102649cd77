"""The dialogue policy: a pure function of (state, turn, findings, time) to (state, replies, effects)."""

from bot.decision import Decision, FileOrder, Findings, Merge, Say, Supplement, Turn, Wanted
from bot.policy.alarm import raised as alarm_raised
from bot.policy.alarm import told as alarm_told
from bot.policy.decide import after_filing, beside_seat, decide, leave, opening, with_manner_asked
from bot.policy.going_on import offered as offered_to_go_on
from bot.policy.going_on import unfinished
from bot.policy.listening import listen
from bot.policy.rating import asked as asked_to_rate
from bot.policy.visit import begin as begin_visit
from bot.policy.visit import drop as drop_visit
from bot.policy.visit import reads as reads_visit
from bot.policy.visit import stands as visit_stands

__all__ = [
    "Decision",
    "FileOrder",
    "Findings",
    "Merge",
    "Say",
    "Supplement",
    "Turn",
    "Wanted",
    "after_filing",
    "alarm_raised",
    "alarm_told",
    "asked_to_rate",
    "begin_visit",
    "beside_seat",
    "decide",
    "drop_visit",
    "leave",
    "listen",
    "offered_to_go_on",
    "opening",
    "reads_visit",
    "unfinished",
    "visit_stands",
    "with_manner_asked",
]
