"""Agreement with the order that was read back, in words that the reader has not learnt."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import ConfigurationError
from bot import read_back

_UNSEEN = read_back.load(Path(__file__).with_name("read_back_unseen.yml"))


def test_no_unseen_answer_was_learnt() -> None:
    learnt = {text for texts in read_back.load().values() for text in texts}
    assert learnt.isdisjoint(text for texts in _UNSEEN.values() for text in texts)


def test_most_people_who_agree_are_understood() -> None:
    agreed = [read_back.read(text).agrees for text in _UNSEEN["agree"]]
    assert sum(agreed) / len(agreed) >= 0.92


@pytest.mark.parametrize("meaning", ["change", "other"])
def test_hardly_anybody_else_is_surely_taken_to_agree(meaning: read_back.Meaning) -> None:
    taken = [read_back.read(text).surely for text in _UNSEEN[meaning]]
    assert sum(taken) / len(taken) <= 0.05


@pytest.mark.parametrize("said", ["对", "嗯", "是的", "好", "啊？哎，对", "这回对了", "啊？对对，凳子"])
def test_plain_agreement(said: str) -> None:
    assert read_back.read(said).agrees


@pytest.mark.parametrize("said", ["不对", "不是", "等一下"])
def test_no_agreement(said: str) -> None:
    assert not read_back.read(said).agrees


@pytest.mark.parametrize("content", ["", "agree: []", "- 对", "agree: ["])
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "read_back.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"read_back\.yml"):
        read_back.load(path)
