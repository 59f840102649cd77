"""Voices of piper through its own program, which stays outside: one run a piece, text in, a WAV file out.

Only options that both programs of that name know (the C++ one of 2023 and the Python one that followed it) are used.
A run loads the model, about a second: meant for voices whose answers are rendered ahead.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from telephony.voice.plain import plain
from telephony.voice.voice import Samples, VoiceError


class PiperVoice:
    def __init__(
        self, executable: str, model: Path, *, name: str, speaker: int = 0, deadline_seconds: float = 20.0
    ) -> None:
        """`model`: the voice's `.onnx` file, with its `.onnx.json` beside it.

        Raises:
            VoiceError: a file or the program is missing, or the `.json` is not one of piper's.
        """
        found = shutil.which(executable)
        if found is None:
            raise VoiceError(f"voice.piper_executable: no program {executable!r}")
        description = model.with_name(f"{model.name}.json")
        if not model.is_file() or not description.is_file():
            raise VoiceError(f"no voice of piper: {model} and {description.name} are needed")
        try:
            about = json.loads(description.read_text(encoding="utf-8"))
            self.sample_rate_hz = int(about["audio"]["sample_rate"])
            speakers = int(about.get("num_speakers", 1))
        except (ValueError, KeyError, TypeError) as error:
            raise VoiceError(f"{description} does not describe a voice of piper") from error
        if not 0 <= speaker < max(1, speakers):
            raise VoiceError(f"voice.speaker {speaker}: this voice has {speakers} speakers, from 0")
        self.name = name
        self._deadline_seconds = deadline_seconds
        self._command = [found, "--model", str(model), "--speaker", str(speaker)]

    def say(self, normalised: str, speed: float) -> Samples:
        """See `Voice`."""
        text = plain(normalised)
        if not any(character.isalnum() for character in text):
            return np.zeros(0, np.float32)
        with tempfile.TemporaryDirectory(prefix="piper-") as folder:
            audio = Path(folder, "said.wav")
            command = [*self._command, "--length_scale", f"{1 / speed:.4f}", "--output_file", str(audio)]
            try:
                done = subprocess.run(
                    command,
                    input=f"{text}\n".encode(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=self._deadline_seconds,
                    check=False,
                )
                if done.returncode != 0:
                    raise VoiceError(f"piper ended with status {done.returncode}: run it by hand to see why")
                samples, rate_hz = soundfile.read(audio, dtype="float32", always_2d=True)
            except subprocess.TimeoutExpired as error:
                raise VoiceError(f"piper gave no audio within {self._deadline_seconds:.0f} s") from error
            except (OSError, soundfile.LibsndfileError) as error:
                raise VoiceError("piper wrote no audio") from error
        if rate_hz != self.sample_rate_hz or not len(samples):
            raise VoiceError(f"piper wrote {len(samples)} samples at {rate_hz} Hz, not at {self.sample_rate_hz} Hz")
        mono: Samples = samples.mean(axis=1)
        return mono
