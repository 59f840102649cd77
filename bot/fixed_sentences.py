"""What the bot says word for word in every conversation: its speech can be prepared before anybody calls."""

from __future__ import annotations

from bot import wording
from bot.intake import Intake

_SHORTEST = 4


def fixed_sentences(intake: Intake) -> tuple[str, ...]:
    """Every sentence of `wording.py` without a gap to fill, and the questions of the order form; each once."""
    texts: list[str] = []
    for name, value in vars(wording).items():
        if name.startswith("_") or not name.isupper():
            continue
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            texts += [text for text in value.values() if isinstance(text, str)]
    for told in (wording.EMERGENCY_PHONE, wording.EMERGENCY_PHONE_NO_LINE):
        texts += [told.format(line=line) for line in wording.EMERGENCY]
    for questions in intake.questions.values():
        texts += questions.values()
    for family in intake.families:
        texts += family.questions.values()
        texts += family.questions_of_its_own()
    return tuple(dict.fromkeys(text for text in texts if len(text) >= _SHORTEST and "{" not in text))
