"""The cheap encoder hears what the converted model's own encoder hears."""

from __future__ import annotations

import struct
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_models import audio, ctranslate_model, whisper_encoder
from asr_models.log_mel import log_mel
from asr_models.recogniser import RecogniserError, Samples
from asr_models.whisper_encoder import WhisperEncoder

WINDOW_FRAMES = 1_000


@pytest.fixture(scope="module")
def variables(whisper_directory: Path) -> dict[str, whisper_encoder.Floats]:
    return dict(ctranslate_model.numbers_below((whisper_directory / "model.bin").read_bytes(), "encoder/"))


@pytest.fixture(scope="module")
def encoder(variables: dict[str, whisper_encoder.Floats]) -> WhisperEncoder:
    others = {name: values for name, values in variables.items() if name != "num_heads"}
    return WhisperEncoder(others, int(variables["num_heads"]))


def test_it_hears_what_the_whole_encoder_hears(
    encoder: WhisperEncoder, whisper_directory: Path, long_speech: Samples
) -> None:
    speech = long_speech[: 4 * audio.MODEL_RATE_HZ]
    model = ctranslate2.models.Whisper(str(whisper_directory), device="cpu", compute_type="float32", intra_threads=1)
    whole = np.asarray(
        model.encode(ctranslate2.StorageView.from_array(log_mel(speech, WINDOW_FRAMES)[None]), to_cpu=True)
    )
    cheap = encoder.encode(speech, WINDOW_FRAMES)
    assert cheap.shape == whole.shape
    spoken = len(speech) // 320
    assert np.corrcoef(cheap[0, :spoken].ravel(), whole[0, :spoken].ravel())[0, 1] > 0.97


@pytest.mark.parametrize("seconds", [0.05, 3.3, 8.99, 9.0, 9.7, 12.0])
def test_every_length_fills_its_window(encoder: WhisperEncoder, seconds: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.05, int(seconds * audio.MODEL_RATE_HZ)).astype(np.float32)
    for frames in (WINDOW_FRAMES, 1_300):
        encoded = encoder.encode(noise, frames)
        assert encoded.shape == (1, frames // 2, 512)
        assert np.isfinite(encoded).all()


@given(samples=st.integers(0, 40 * audio.MODEL_RATE_HZ), seconds=st.integers(10, 30))
def test_speech_is_computed_one_by_one_and_silence_in_parts(samples: int, seconds: int) -> None:
    positions = seconds * 50
    layout = whisper_encoder._layout(samples, positions)
    assert layout.seen.shape == (positions,)
    assert (np.diff(layout.taken) > 0).all() and layout.taken[0] >= 0 and layout.taken[-1] < positions
    assert layout.speech >= min(positions, samples // 320 + 50)
    assert (layout.taken[: layout.speech] == np.arange(layout.speech)).all()
    # What stands for a position is near it: at most one part of the silence away.
    assert np.abs(layout.taken[layout.seen] - np.arange(positions)).max() <= 8
    assert (layout.seen[: layout.speech] == np.arange(layout.speech)).all()


def test_weights_in_eight_bits_are_put_back_to_their_size() -> None:
    def variable(name: bytes, dimensions: tuple[int, ...], kind: int, data: bytes) -> bytes:
        sizes = struct.pack(f"<B{len(dimensions)}I", len(dimensions), *dimensions)
        return struct.pack("<H", len(name)) + name + sizes + struct.pack("<BI", kind, len(data)) + data

    small = np.array([[100, -50], [3, 127]], np.int8)
    scales = np.array([50.0, 2.0], np.float32)
    content = struct.pack("<IH", 6, 2) + b"x\0" + struct.pack("<II", 3, 2)
    content += variable(b"encoder/w\0", (2, 2), 1, small.tobytes())
    content += variable(b"encoder/w_scale\0", (2,), 0, scales.tobytes()) + struct.pack("<I", 0)
    read = dict(ctranslate_model.numbers_below(content, "encoder/"))
    assert list(read) == ["w"]
    np.testing.assert_allclose(read["w"], [[2.0, -1.0], [1.5, 63.5]])
    bfloat = content.replace(struct.pack("<BI", 0, 8), struct.pack("<BI", 5, 8)).replace(b"w_scale", b"w_other")
    with pytest.raises(RecogniserError, match="kind 5"):
        dict(ctranslate_model.numbers_below(bfloat, "encoder/"))


def test_a_model_with_a_part_missing_is_one_clear_error(variables: dict[str, whisper_encoder.Floats]) -> None:
    broken = {name: values for name, values in variables.items() if name != "conv2/weight"}
    with pytest.raises(RecogniserError, match=r"cannot be built.*conv2/weight"):
        WhisperEncoder(broken, 8)
