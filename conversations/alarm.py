"""Listening for danger where the bot does not answer: words to a seat, and between people in a call."""

from __future__ import annotations

from typing import Any, Final

from bot import policy
from bot.decision import Findings, Missing
from bot.guards_model import GuardFindings
from conversations.lookups import Lookups

_READERS: Final = 2  # besides the guards: of meaning, and of intents


async def line_to_tell(text: str, guards: GuardFindings, lookups: Lookups, *, notes: dict[str, Any]) -> str:
    """The line that the danger belongs to which was told in a talk with a person; an empty string where none was."""
    findings = Findings(guards)
    for _ in range(_READERS):
        try:
            return policy.alarm_raised(text, findings, in_talk=True).line
        except Missing as missing:
            found = await lookups.find(missing.wanted, spoken=False, notes=notes)
            findings = findings.add(missing.wanted, found)
    return policy.alarm_raised(text, findings, in_talk=True).line
