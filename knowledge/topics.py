"""Hot topics: a card with its trigger words, answer, span of time and areas, matched before everything else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from base.pinyin import syllables
from knowledge.model import Hit
from knowledge.text import normalise

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=1_000)]
_LEAST_BY_SOUND: Final = 3  # syllables: two sound like too much else


class Card(BaseModel):
    """What an editor writes. A trigger of several words, divided by blanks, asks for all of them; no areas: all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: _Line
    triggers: Annotated[tuple[_Line, ...], Field(min_length=1, max_length=50)]
    answer: _Text
    spoken: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    areas: Annotated[tuple[_Line, ...], Field(max_length=50)] = ()
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    in_greeting: bool = False
    greeting: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    url: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(https?://.*)?$", max_length=500)] = ""

    @field_validator("triggers")
    @classmethod
    def _say_something(cls, triggers: tuple[str, ...]) -> tuple[str, ...]:
        if any(len("".join(normalise(trigger).split())) < 2 for trigger in triggers):
            raise ValueError("触发词至少要有两个字")
        return triggers

    @model_validator(mode="after")
    def _consistent(self) -> Card:
        if self.starts_at >= self.ends_at:
            raise ValueError("结束时间早于开始时间，互相矛盾")
        if self.in_greeting and not self.greeting:
            raise ValueError("要在问候语里播报，请填写播报内容")
        return self


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    card: Card

    def active(self, now: datetime) -> bool:
        return self.card.starts_at <= now < self.card.ends_at


def match(topics: Iterable[Topic], text: str, *, spoken: bool, district: str | None, now: datetime) -> Topic | None:
    """The card whose longest trigger stands in `text`; heard words also match by sound."""
    words = "".join(normalise(text).split())
    sound = " ".join(syllables(words)) if spoken else ""
    best: tuple[int, Topic] | None = None
    for topic in topics:
        if not topic.active(now) or _elsewhere(topic.card.areas, district, words):
            continue
        for trigger in topic.card.triggers:
            pieces = normalise(trigger).split()
            size = sum(len(piece) for piece in pieces)
            if (best is None or size > best[0]) and all(_stands(piece, words, sound) for piece in pieces):
                best = size, topic
    return best[1] if best else None


def _stands(piece: str, words: str, sound: str) -> bool:
    if piece in words:
        return True
    heard = syllables(piece) if sound else ()
    return len(heard) >= _LEAST_BY_SOUND and f" {' '.join(heard)} " in f" {sound} "


def _elsewhere(areas: Sequence[str], district: str | None, words: str) -> bool:
    """The citizen is known to be somewhere that the card does not concern."""
    if not areas or any(area in words for area in areas):
        return False
    return district is not None and district not in areas


def hit(topic: Topic) -> Hit:
    """A card as it is answered; one of certain areas says so."""
    card = topic.card
    lead = f"{'、'.join(card.areas)}：" if card.areas else ""
    return Hit(
        id=topic.id,
        kind="topic",
        question=card.title,
        answer=lead + card.answer,
        answer_spoken=lead + (card.spoken or card.answer),
        score=1.0,
        probability=1.0,
    )


def greetings(topics: Iterable[Topic], now: datetime) -> list[str]:
    """What is said after the greeting, the card that ends first leading."""
    spoken = [topic for topic in topics if topic.active(now) and topic.card.in_greeting]
    return [topic.card.greeting for topic in sorted(spoken, key=lambda topic: topic.card.ends_at)]
