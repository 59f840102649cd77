"""The parts of which our Whisper is made: its picture of sound, its tokens, its model file."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given
from hypothesis import strategies as st

from asr_models import ctranslate_model, whisper
from asr_models.log_mel import log_mel
from asr_models.recogniser import RecogniserError, Samples, Utterance
from asr_models.whisper import Whisper
from asr_models.whisper_vocabulary import WhisperVocabulary, bytes_of, is_mandarin


@pytest.mark.parametrize("seconds", [0.1, 0.999, 3.7, 9.99, 12.0])
def test_the_picture_of_sound_is_the_one_of_the_reference(seconds: float) -> None:
    rng = np.random.default_rng(5)
    samples = (rng.standard_normal(int(seconds * 16_000)) * np.hanning(int(seconds * 16_000))).astype(np.float32) * 0.1
    padded = np.pad(samples[:160_000], (0, max(0, 160_000 - len(samples))))
    expected = FeatureExtractor()(padded, padding=0, chunk_length=30)[:, :1_000]
    picture = log_mel(samples, 1_000)
    assert picture.shape == (80, 1_000)
    inside = slice(0, 998 if seconds >= 10 else 1_000)  # at the cut the reference mirrors what is not there
    assert np.abs(picture[:, inside] - expected[:, inside]).max() < 1e-3


@pytest.fixture(scope="module")
def vocabulary(whisper_directory: Path) -> WhisperVocabulary:
    return WhisperVocabulary(tokenizers.Tokenizer.from_file(str(whisper_directory / "tokenizer.json")))


@pytest.mark.parametrize(
    "text",
    ["我们小区已经三天没有热水了，物业也没有说法。", "一百二十弄八号", "我的ETC和APP打不开", "囍㐂", "，。？！、"],
)
def test_every_chinese_text_can_be_written(vocabulary: WhisperVocabulary, text: str) -> None:
    body = vocabulary.prompt(text)[1:-4]
    assert vocabulary.text(body) == text


def test_no_other_script_and_of_the_digits_the_single_ones_are_left(vocabulary: WhisperVocabulary) -> None:
    written = [bytes_of(token).decode("utf-8", "ignore") for token in vocabulary.tokens[: vocabulary.first_special]]
    characters = {character for text in written for character in text}
    assert "%" not in characters
    assert sorted(text for text in written if set(text) & set("0123456789")) == list("0123456789")
    assert [vocabulary.text([number]) for number in vocabulary.digits] == list("0123456789")
    assert not any("\u3040" <= character <= "\u30ff" or "\uac00" <= character <= "\ud7af" for character in characters)
    assert not any("а" <= character <= "я" for character in characters)
    assert 3_000 < len(vocabulary.tokens) < 6_000


@given(st.binary(min_size=1, max_size=8))
def test_any_bytes_are_judged(token: bytes) -> None:
    assert is_mandarin(token) in (True, False)


def _model_file(rows: int) -> bytes:
    table = np.arange(rows * 2, dtype="<f2").tobytes()
    name = b"WhisperSpec\0"
    parts = [struct.pack("<IH", 6, len(name)), name, struct.pack("<II", 3, 2)]
    for label, dimensions, data in ((b"table\0", (rows, 2), table), (b"flag\0", (), b"\1")):
        parts += [
            struct.pack("<H", len(label)),
            label,
            struct.pack(f"<B{len(dimensions)}I", len(dimensions), *dimensions),
        ]
        parts += [struct.pack("<BI", 4 if dimensions else 1, len(data)), data]
    parts.append(struct.pack("<IH", 1, 6) + b"other\0" + struct.pack("<H", 6) + b"table\0")
    return b"".join(parts)


def test_rows_of_a_model_file_are_chosen() -> None:
    assert ctranslate_model.with_rows(_model_file(5), range(5), 5) == _model_file(5)
    chosen = ctranslate_model.with_rows(_model_file(5), [0, 1], 5)
    assert chosen == _model_file(2)


@pytest.mark.parametrize("cut", [1, 7, 30, 60])
def test_a_damaged_model_file_is_one_clear_error(cut: int) -> None:
    with pytest.raises(RecogniserError, match="damaged"):
        ctranslate_model.with_rows(_model_file(5)[:-cut], [0], 5)


def test_other_model_files_are_refused() -> None:
    with pytest.raises(RecogniserError, match="binary version 7"):
        ctranslate_model.with_rows(struct.pack("<I", 7), [0], 5)
    with pytest.raises(RecogniserError, match="9 tokens"):
        ctranslate_model.with_rows(_model_file(5), [0], 9)
    with pytest.raises(RecogniserError, match="follows"):
        ctranslate_model.with_rows(_model_file(5) + b"x", [0], 5)


def test_several_utterances_are_heard_as_each_alone(whisper_directory: Path, long_speech: Samples) -> None:
    recogniser = Whisper(whisper_directory, batch_size=3)
    pieces = [long_speech[start : start + 32_000] for start in range(0, 160_000, 32_000)]
    silence, gone = np.zeros(16_000, np.float32), pieces[0]
    asked = [Utterance(piece, 8_000) for piece in pieces]
    asked += [Utterance(silence, 8_000), Utterance(silence, 44_100), Utterance(gone, 8_000, lambda: False)]
    *heard, quiet, wrong, unwanted = recogniser.recognise_many(asked)
    assert [outcome.text for outcome in heard] == [recogniser.recognise(piece, 8_000).text for piece in pieces]  # type: ignore[union-attr]
    assert quiet.text == ""  # type: ignore[union-attr]
    assert isinstance(wrong, RecogniserError)
    assert unwanted is None


def test_whoever_leaves_during_the_encoder_spares_the_decoder(whisper_directory: Path, long_speech: Samples) -> None:
    recogniser = Whisper(whisper_directory)
    asked = 0

    def leaves() -> bool:
        nonlocal asked
        asked += 1
        return asked == 1

    (outcome,) = recogniser.recognise_many([Utterance(long_speech[:24_000], 8_000, leaves)])
    assert outcome is None
    assert asked == 2


def test_the_vocabulary_is_read_in_both_forms(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("a\nb\n", encoding="utf-8")
    assert whisper.words_of(tmp_path) == ["a", "b"]
    (tmp_path / "vocabulary.json").write_text(json.dumps(["c"]), encoding="utf-8")
    assert whisper.words_of(tmp_path) == ["c"]
