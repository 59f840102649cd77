"""G.711 against the recommendation's own definitions, and resampling by its spectrum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from telephony import audio
from telephony.errors import TelephonyError


@pytest.mark.parametrize(
    ("encode", "decode"), [(audio.pcm_to_alaw, audio.alaw_to_pcm), (audio.pcm_to_ulaw, audio.ulaw_to_pcm)]
)
def test_every_code_survives_a_round_trip(encode, decode) -> None:  # type: ignore[no-untyped-def]
    codes = bytes(range(256))
    again = encode(decode(codes))
    assert decode(again) == decode(codes)


def test_known_values_of_g711() -> None:
    """Values from tables 1 and 2 of ITU-T G.711 (16-bit scale)."""
    alaw = np.frombuffer(audio.alaw_to_pcm(bytes([0xD5, 0x55, 0xAA, 0x2A, 0x80])), dtype="<i2")
    assert list(alaw) == [8, -8, 32256, -32256, 5504]
    ulaw = np.frombuffer(audio.ulaw_to_pcm(bytes([0xFF, 0x7F, 0x80, 0x00])), dtype="<i2")
    assert list(ulaw) == [0, 0, 32124, -32124]


def test_both_codecs_agree_with_libsndfile(tmp_path: Path) -> None:
    noise = (np.random.default_rng(3).normal(0, 6000, 8000)).clip(-32768, 32767).astype("<i2")
    for subtype, encode, decode in (
        ("ALAW", audio.pcm_to_alaw, audio.alaw_to_pcm),
        ("ULAW", audio.pcm_to_ulaw, audio.ulaw_to_pcm),
    ):
        path = tmp_path / f"{subtype}.wav"
        soundfile.write(path, noise, 8000, subtype=subtype)
        theirs, _ = soundfile.read(path, dtype="int16")
        ours = np.frombuffer(decode(encode(noise.tobytes())), dtype="<i2")
        error = np.abs(ours.astype(int) - noise.astype(int))
        assert error.max() <= np.abs(theirs.astype(int) - noise.astype(int)).max()


def test_conversion_clips_and_never_wraps() -> None:
    loud = audio.to_pcm(np.array([2.0, -2.0, 0.5], dtype=np.float32))
    assert list(np.frombuffer(loud, dtype="<i2")) == [32767, -32768, 16384]
    assert len(audio.to_samples(b"\x01\x02\x03")) == 1


@pytest.mark.parametrize("from_hz", [16_000, 22_050, 24_000, 48_000])
def test_resampling_keeps_the_voice_and_lets_nothing_fold_back(from_hz: int) -> None:
    seconds = np.arange(from_hz * 2) / from_hz
    wanted = 0.3 * np.sin(2 * np.pi * 1000 * seconds)
    unwanted = 0.3 * np.sin(2 * np.pi * 5200 * seconds)  # would fold to 2,800 Hz
    out = audio.resample((wanted + unwanted).astype(np.float32), from_hz, 8_000)[4000:12000]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    frequency = np.fft.rfftfreq(len(out), 1 / 8_000)
    peak = spectrum[np.abs(frequency - 1000) < 5].max()
    folded = spectrum[np.abs(frequency - 2800) < 5].max()
    assert 20 * np.log10(folded / peak) < -80


def test_wav_of_any_kind_is_read(tmp_path: Path) -> None:
    stereo = np.stack([np.ones(24_000) * 0.25, np.ones(24_000) * 0.75], axis=1)
    path = tmp_path / "a.wav"
    soundfile.write(path, stereo, 24_000, subtype="FLOAT")
    pcm = audio.read_wav(path)
    assert audio.seconds_of(pcm) == pytest.approx(1.0, abs=0.01)
    assert np.frombuffer(pcm, dtype="<i2")[4000] == pytest.approx(16384, abs=50)


def test_what_is_no_wav_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "b.wav"
    path.write_bytes(b"RIFF\x00\x00\x00\x00WAVEjunk")
    with pytest.raises(TelephonyError, match=r"b\.wav"):
        audio.read_wav(path)
    with pytest.raises(TelephonyError):
        audio.read_wav(tmp_path / "missing.wav")


def test_levels() -> None:
    assert audio.level_dbfs(audio.silence(1.0)) == -120.0
    assert audio.level_dbfs(audio.tone(440, 1.0, 0.5)) == pytest.approx(-9.0, abs=0.3)


def test_what_breaks_off_fades_within_a_frame() -> None:
    loud = np.full(4 * audio.FRAME_SAMPLES, 20_000, dtype="<i2")
    frame = np.frombuffer(audio.faded_out(loud.tobytes()), dtype="<i2").astype(np.int32)
    assert len(frame) == audio.FRAME_SAMPLES
    assert frame[0] == 20_000
    assert np.abs(np.diff(frame)).max() < 600
    assert not frame[40:].any()
    assert audio.faded_out(b"") == b""
    assert len(audio.faded_out(loud[:7].tobytes())) == audio.FRAME_BYTES
