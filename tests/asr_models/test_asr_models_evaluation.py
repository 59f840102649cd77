"""Character error rate as the kit's own page defines it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from asr_models import evaluation
from asr_models.recogniser import (
    Outcome,
    RecogniserError,
    RecogniserStream,
    Recognition,
    Samples,
    Utterance,
    one_after_another,
)


class Parrot:
    """Says one sentence, whatever it hears; remembers the rates."""

    name = "parrot"
    streams = False

    def __init__(self, text: str) -> None:
        self.text = text
        self.rates: list[int] = []

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        self.rates.append(sample_rate_hz)
        assert samples.ndim == 1
        return Recognition(self.text, 0.5, len(samples) / sample_rate_hz, 0.25, self.name)

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        return one_after_another(self, utterances)

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        return None


@pytest.mark.parametrize(
    ("text", "same_as"),
    [("设定29度。", "设定二九度"), ("幺三九", "139"), ("A 座，（东门）", "a座东门"), ("", " 。")],
)
def test_what_counts_as_the_same(text: str, same_as: str) -> None:
    assert evaluation.comparable(text) == evaluation.comparable(same_as)


@pytest.mark.parametrize(("said", "heard", "count"), [("路灯不亮", "路等不亮了", 2), ("", "多", 1), ("停水", "", 2)])
def test_edits(said: str, heard: str, count: int) -> None:
    assert evaluation.edits(said, heard) == count


@given(st.text("停水电", max_size=8), st.text("停水电", max_size=8), st.text("停水电", max_size=8))
def test_edits_are_a_distance(a: str, b: str, c: str) -> None:
    assert evaluation.edits(a, b) == evaluation.edits(b, a)
    assert (evaluation.edits(a, b) == 0) == (a == b)
    assert evaluation.edits(a, c) <= evaluation.edits(a, b) + evaluation.edits(b, c)


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000, subtype="PCM_16")
    soundfile.write(tmp_path / "p.wav", np.zeros(8_000), 8_000, subtype="ALAW")
    rows = [
        {"id": "1", "wav": "a.wav", "wav_phone": "p.wav", "text": "小区停水", "group": "news"},
        {"id": "2", "wav": "a.wav", "wav_phone": "p.wav", "text": "路灯"},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return tmp_path


def test_both_conditions_are_measured(kit: Path) -> None:
    parrot = Parrot("小区停水")
    result = evaluation.evaluate(parrot, evaluation.read_manifest(kit), verbose=True)
    rate = round(4 / 6, 4)
    assert result == {"n": 2, "cer": {"wav": rate, "wav_phone": rate}, "rtf": 0.25}
    assert parrot.rates == [16_000, 8_000] * 2


@pytest.mark.parametrize(
    ("content", "reason"), [("", "no clip"), ("{", "line 1"), ('{"id": 1}', "line 1"), ("[]", "line 1")]
)
def test_a_broken_manifest_is_told(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "manifest.jsonl").write_text(content)
    with pytest.raises(RecogniserError, match=reason):
        evaluation.read_manifest(tmp_path)


def test_a_missing_kit_or_clip_is_told(tmp_path: Path, kit: Path) -> None:
    with pytest.raises(RecogniserError, match="cannot be read"):
        evaluation.read_manifest(tmp_path / "nowhere")
    (kit / "p.wav").write_bytes(b"no sound")
    with pytest.raises(RecogniserError, match="cannot be read"):
        evaluation.evaluate(Parrot(""), evaluation.read_manifest(kit), verbose=False)
