"""One turn being decided: the working copy of the state, what is known, and what has been said so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot import wording
from bot.decision import Decision, Effect, Findings, Say, Turn
from bot.state import State

MAXIMUM_QUESTIONS = 6


@dataclass
class Talk:
    """Collects says and effects; `done` makes the decision. `state` is this turn's own copy."""

    state: State
    turn: Turn
    findings: Findings
    now: datetime
    maximum_questions: int = MAXIMUM_QUESTIONS
    says: list[Say] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    hang_up: bool = False

    @property
    def text(self) -> str:
        return self.turn.text

    @property
    def phone(self) -> bool:
        return self.state.channel == "phone"

    def say(self, what: Say | str, spoken: str = "") -> None:
        self.says.append(what if isinstance(what, Say) else Say(what, spoken))

    def ask(self, slot: str | None, what: Say | str, *, about: int | None = None) -> None:
        """Say a question and remember that it stands."""
        question = what if isinstance(what, Say) else Say(what)
        self.says.append(question)
        self.state.asking = slot
        self.state.asking_about = about
        self.state.question_text = question.text

    def again(self, lead: str) -> None:
        """Say the standing question once more after a short remark."""
        self.say(lead)
        self.say(self.state.question_text or (wording.ASK_MORE if self.state.matters else wording.ASK_MATTER))

    def done(self) -> Decision:
        """The decision of this turn.

        Raises:
            ValueError: nothing was said; the policy never leaves a citizen without an answer.
        """
        if not self.says:
            raise ValueError("a turn without a reply")
        self.state.last_text = "\n".join(say.text for say in self.says)
        self.state.last_spoken = "".join(say.spoken or say.text for say in self.says)
        return Decision(self.state, tuple(self.says), tuple(self.effects), hang_up=self.hang_up)
