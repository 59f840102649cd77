"""The guards' classifier is kept on disk, so that a core that was killed is back soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import guard_classifier
from bot.guard_classifier import NONE, Data, _Held

_SENTENCES = (
    *((f"{where}着火了快来人", "119") for where in ("楼上", "厨房", "仓库", "阳台")),
    *((f"{where}的路灯不亮了", NONE) for where in ("楼上", "村口", "仓库", "桥头")),
)


@pytest.fixture
def sentences(monkeypatch: pytest.MonkeyPatch) -> list[Data]:
    held = [Data(_SENTENCES, ())]
    monkeypatch.setattr(guard_classifier, "default_data", lambda: held[0])
    return held


def test_what_was_trained_is_kept_and_read_again(
    sentences: list[Data], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _Held("dangers", lambda data: data.emergency).get(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(guard_classifier, "Classifier", type(first))
    monkeypatch.setattr(type(first), "__init__", lambda *_: pytest.fail("trained again"))
    second = _Held("dangers", lambda data: data.emergency).get(tmp_path)
    told = ["仓库着火了", "村口路灯坏了"]
    assert second.danger(told) == first.danger(told)


def test_other_sentences_are_learnt_anew_and_the_ones_before_stay(sentences: list[Data], tmp_path: Path) -> None:
    before = tmp_path / f"guards-{'0f' * 12}.joblib"  # of a version whose files had no name
    before.write_bytes(b"old")
    _Held("channels", lambda data: data.emergency).get(tmp_path)
    _Held("dangers", lambda data: data.emergency).get(tmp_path)
    (first,) = tmp_path.glob("guards-dangers-*")
    sentences[0] = Data((*_SENTENCES, ("井盖丢了一个", NONE)), ())
    _Held("dangers", lambda data: data.emergency).get(tmp_path)
    assert first.exists() and len(list(tmp_path.glob("guards-dangers-*"))) == 2
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_file_and_a_folder_that_cannot_be_written_stop_nobody(sentences: list[Data], tmp_path: Path) -> None:
    _Held("dangers", lambda data: data.emergency).get(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"nothing")
    assert _Held("dangers", lambda data: data.emergency).get(tmp_path).danger(["楼上着火了"])[0][0] > 0.5
    occupied = tmp_path / "file"
    occupied.write_text("")
    assert _Held("dangers", lambda data: data.emergency).get(occupied).danger(["楼上着火了"])[0][0] > 0.5


def test_no_turn_waits_for_a_training(sentences: list[Data], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences[0] = Data(_SENTENCES, (("法院判了不执行", "诉讼"), ("裁决书下来了不认", "仲裁"), ("我要起诉", "诉讼")))
    monkeypatch.setattr(guard_classifier, "_dangers", _Held("dangers", lambda data: data.emergency))
    monkeypatch.setattr(guard_classifier, "_channels", _Held("channels", lambda data: data.lawful))
    guard_classifier.prepare(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(guard_classifier, "Classifier", lambda *_: pytest.fail("trained in a turn"))
    assert guard_classifier.channels().labels == ("仲裁", "诉讼")
    assert NONE in guard_classifier.default().labels
