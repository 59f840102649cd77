"""One turn being decided: the working copy of the state, what is known, and what has been said so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot import pieces, reminders, wording
from bot.decision import Decision, Effect, Findings, Say, Turn
from bot.manner import slower_than
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
    ask_rating: bool = False
    transferable: frozenset[str] = frozenset()
    says: list[Say] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    hang_up: bool = False
    hold_seconds: float = 0.0
    slower_steps: int = 0  # this reply alone is spoken so many steps slower
    doubtful: set[str] = field(default_factory=set)  # slots taken in this turn of which the reading is not sure
    repeats_last: bool = False  # this reply says the last one again

    @property
    def text(self) -> str:
        return self.turn.text

    @property
    def phone(self) -> bool:
        return self.state.channel == "phone"

    @property
    def elder(self) -> bool:
        """The caller is talked to in elder mode."""
        return self.phone and self.state.manner.elder

    def say(self, what: Say | str, spoken: str = "") -> None:
        self.says.append(what if isinstance(what, Say) else Say(what, spoken))

    def remark(self, text: str) -> None:
        """A word about the talk itself; "once more, please" does not mean it."""
        self.says.append(Say(text, passing=True))

    def ask(self, slot: str | None, what: Say | str, *, about: int | None = None, key: str = "") -> None:
        """Say a question and remember that it stands. `key`: of one that is special to a family."""
        question = what if isinstance(what, Say) else Say(what)
        self.says.append(question)
        self.state.asking = slot
        self.state.asking_about = about
        self.state.asking_key = key
        self.state.question_text = question.text
        self.state.question_spoken = question.spoken

    def again(self, lead: str) -> None:
        """Say the standing question once more after a short remark."""
        self.remark(lead)
        self.say(self.standing_question)

    @property
    def standing_question(self) -> Say:
        state = self.state
        if state.question_text:
            return Say(state.question_text, state.question_spoken)
        return Say(wording.ASK_MORE if state.matters else wording.ASK_MATTER)

    def say_last(self) -> None:
        """Everything of the last reply but its remarks, in shorter pieces."""
        self.repeats_last = True
        state = self.state
        last = [_say(entry) for entry in state.said]
        if not last:
            last = [Say(state.last_text, state.last_spoken) if state.last_text else self.standing_question]
        self.says += [replace(say, spoken=pieces.short(say.for_the_ear)) for say in last]

    def done(self) -> Decision:
        """The decision of this turn.

        Raises:
            ValueError: nothing was said; the policy never leaves a citizen without an answer.
        """
        if not self.says:
            raise ValueError("a turn without a reply")
        state = self.state
        if self.elder:
            self.says = [replace(say, spoken=pieces.short(say.for_the_ear)) for say in self.says]
        content = [say for say in self.says if not say.passing]
        if content:
            state.said = [{"text": say.text, "spoken": say.spoken, "keep": say.keep} for say in content]
        state.last_text = "\n".join(say.text for say in self.says)
        state.last_spoken = "".join(say.for_the_ear for say in self.says)
        speed = slower_than(state.manner.speed, self.slower_steps) if self.phone else None
        return Decision(
            state,
            tuple(self.says),
            tuple(self.effects),
            hang_up=self.hang_up,
            speed=speed,
            reminders=tuple(Say(text) for text in reminders.of(state)) if self.phone else None,
            hold_seconds=self.hold_seconds,
        )


def _say(entry: dict[str, Any]) -> Say:
    return Say(str(entry["text"]), str(entry.get("spoken", "")), keep=bool(entry.get("keep")))
