"""The language model's answers over HTTP: what passes the check is said; whatever else it does, nothing is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from knowledge_helpers import MODEL
from language_model import LanguageModel, language_model
from needs import require
from rewording_cases import DOG, FAITHFUL, REFUND

from base.clock import ManualClock
from base.errors import ConfigurationError
from base.sections.dialogue import KnowledgeSettings, RephrasingSettings
from base.settings import Settings
from knowledge.rephraser import NEAR_IN_MEANING, Rephraser
from knowledge.service import encoder_of

_PLAIN = FAITHFUL[0][1]
_PATIENT_SECONDS = 5.0


class Put:
    """A rephraser with what it counted."""

    def __init__(self, model: LanguageModel, **settings: object) -> None:
        self.clock = ManualClock(datetime(2026, 11, 2, 2, 0, tzinfo=UTC))
        self.counted: list[str] = []
        chosen = {"endpoint": model.endpoint, "model": "plain", "deadline_seconds": _PATIENT_SECONDS, **settings}
        self.rephraser = Rephraser(
            RephrasingSettings.model_validate(chosen),
            encoder_of(Settings(knowledge=KnowledgeSettings(embedding_directory=MODEL))),
            clock=self.clock,
            counted=self.counted.append,
        )

    async def plainly(self, quoted: str) -> str:
        return await self.rephraser.plainly(quoted)


@pytest.fixture
async def model() -> AsyncIterator[LanguageModel]:
    require((MODEL / "modules.json").is_file(), "no embedding model")
    async with language_model() as serving:
        yield serving


async def test_a_faithful_rewording_is_said_and_not_asked_for_again(model: LanguageModel, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    put = Put(model, key_file=key)
    model.says = _PLAIN
    assert await put.plainly(DOG) == _PLAIN
    assert await put.plainly(DOG) == _PLAIN
    assert put.counted == ["said"] and model.keys == ["Bearer s3cret"]
    asked = model.asked[0]
    assert asked["model"] == "plain" and asked["messages"][-1] == {"role": "user", "content": DOG}
    await put.rephraser.close()


@pytest.mark.parametrize(
    "lie",
    [
        _PLAIN.replace("500", "5000"),
        _PLAIN.replace("，由大人牵着", ""),
        _PLAIN.replace("要", "可以", 1),
        f"{_PLAIN}戴嘴套就没事。",
        "我不能回答这个问题。",
        "",
    ],
)
async def test_a_lie_is_not_said(model: LanguageModel, lie: str) -> None:
    put = Put(model)
    model.says = lie
    assert await put.plainly(DOG) == ""
    assert put.counted == ["refused"]
    await put.rephraser.close()


@pytest.mark.parametrize("fault", ["error", "redirect", "garbage", "other form", "flood", "cut"])
async def test_whatever_breaks_costs_only_the_plainer_words(model: LanguageModel, fault: str) -> None:
    put = Put(model)
    model.says, model.fault = _PLAIN, fault
    assert await put.plainly(DOG) == ""
    assert put.counted == ["failed"]
    model.fault = ""
    assert await put.plainly(DOG) == _PLAIN
    await put.rephraser.close()


async def test_a_model_that_stalls_is_left_alone_for_a_while(model: LanguageModel) -> None:
    put = Put(model, deadline_seconds=0.05)
    model.fault = "stall"
    for _ in range(4):
        assert await put.plainly(DOG) == ""
    assert put.counted == ["failed", "failed", "failed", "resting"]
    put.clock.advance(31)
    assert await put.plainly(REFUND) == ""
    assert put.counted[-1] == "failed"
    await put.rephraser.close()


async def test_without_an_endpoint_nobody_is_asked(model: LanguageModel) -> None:
    put = Put(model, endpoint="")
    assert await put.plainly(DOG) == "" and model.asked == [] and put.counted == []


async def test_a_key_that_cannot_be_read_stops_the_start(model: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="key_file"):
        Put(model, key_file=tmp_path / "none")


async def test_faithful_rewordings_lie_within_the_limit_of_meaning(model: LanguageModel) -> None:
    """The limit must not be what refuses: its distance to these was measured when it was chosen."""
    put = Put(model)
    for source, reworded in FAITHFUL:
        model.says = reworded
        assert await put.plainly(f"{source}") in (reworded, *(told for of, told in FAITHFUL if of == source))
    assert "refused" not in put.counted and NEAR_IN_MEANING >= 0.95
    await put.rephraser.close()
