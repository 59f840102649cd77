"""The real detector on real telephone speech."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from telephony.audio import read_wav, silence, to_pcm, tone
from telephony.endpointing import Endpointer, EndpointingRules, SpeechBegan, SpeechEnded
from telephony.errors import TelephonyError
from telephony.voice_activity import WINDOW_BYTES, WINDOW_SECONDS, VoiceActivity, VoiceStream


@pytest.fixture(scope="module")
def voice() -> VoiceActivity:
    return VoiceActivity()


def test_speech_is_found_and_its_end_too(voice: VoiceActivity, shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "eval/speech/manifest.jsonl").read_text().splitlines()][::12]
    for row in rows:
        pcm = silence(1.0) + read_wav(shared / "eval/speech" / row["wav_phone"]) + silence(1.5)
        stream, endpointer = VoiceStream(), Endpointer(EndpointingRules(), 0.8)
        events = []
        for window in stream.windows(pcm):
            events += endpointer.feed(voice.probabilities([(stream, window)])[0], WINDOW_SECONDS)
        assert isinstance(events[0], SpeechBegan), row["id"]
        assert sum(isinstance(event, SpeechEnded) for event in events) == 1, row["id"]
        assert not endpointer.speaking


def test_silence_noise_and_tones_are_no_voice(voice: VoiceActivity) -> None:
    hiss = to_pcm(np.random.default_rng(1).normal(0, 0.01, 16_000).astype(np.float32))
    for sound in (silence(2.0), hiss, tone(440.0, 2.0)):
        stream, endpointer = VoiceStream(), Endpointer(EndpointingRules(), 0.8)
        for window in stream.windows(sound):
            assert endpointer.feed(voice.probabilities([(stream, window)])[0], WINDOW_SECONDS) == []


def test_a_batch_tells_the_same_as_each_alone(voice: VoiceActivity, shared: Path) -> None:
    files = sorted((shared / "eval/speech/wav8k_alaw").glob("*.wav"))[:5]
    clips = [read_wav(path) for path in files]
    alone = []
    for clip in clips:
        stream = VoiceStream()
        alone.append([voice.probabilities([(stream, window)])[0] for window in stream.windows(clip)])
    streams = [VoiceStream() for _ in clips]
    together = voice.probabilities_of_many(
        [(stream, stream.windows(clip)) for stream, clip in zip(streams, clips, strict=True)]
    )
    for one, other in zip(alone, together, strict=True):
        assert np.allclose(one, other, atol=1e-3)


def test_audio_in_pieces_of_any_size(voice: VoiceActivity) -> None:
    stream = VoiceStream()
    windows = [window for size in (1, 7, 320, 511, 2, 3000) for window in stream.windows(bytes(size))]
    assert len(windows) == (1 + 7 + 320 + 511 + 2 + 3000) // WINDOW_BYTES
    with pytest.raises(ValueError):
        voice.probabilities([(stream, b"short")])
    assert voice.probabilities([]) == []


def test_a_missing_model_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TelephonyError, match="silero"):
        VoiceActivity(tmp_path / "nothing.onnx")


def test_the_phone_never_loads_torch() -> None:
    check = (
        "import sys, telephony.phone; from telephony.voice_activity import VoiceActivity; VoiceActivity(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], timeout=60, check=False).returncode == 0
