"""Voices of sherpa-onnx from a folder: VITS or Matcha with a Chinese lexicon, Kokoro.

The kind is known by the files, which have the names that the models are published with:

* Kokoro: `voices.bin`, `model.onnx` (or `model.int8.onnx`), `tokens.txt`, `lexicon*.txt`;
* Matcha: `model-steps-*.onnx`, a vocoder (`*vocos*.onnx` or `hifigan*.onnx`), `tokens.txt`, `lexicon.txt`;
* VITS: one `*.onnx`, `tokens.txt`, `lexicon.txt`.

sherpa-onnx 2 has no phonemizer of its own any more, so voices without a lexicon (those of piper) are for `piper.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from telephony.voice.plain import plain
from telephony.voice.voice import Samples, VoiceError


class SherpaVoice:
    """Not thread-safe; one thread of the processor."""

    def __init__(self, directory: Path, *, name: str, speaker: int = 0) -> None:
        """
        Raises:
            VoiceError: the folder holds no model of a known kind, or it cannot be loaded.
        """
        import sherpa_onnx

        self.name = name
        self._speaker = speaker
        config = sherpa_onnx.OfflineTtsConfig(model=_model_config(directory), max_num_sentences=1, silence_scale=1.0)
        if not config.validate():
            raise VoiceError(
                f"the voice in {directory} is not complete: sherpa-onnx names what is missing on its output"
            )
        try:
            self._model: Any = sherpa_onnx.OfflineTts(config)
        except RuntimeError as error:
            raise VoiceError(f"the voice in {directory} cannot be loaded: {str(error).splitlines()[0]}") from error
        self.sample_rate_hz = int(self._model.sample_rate)
        if not 0 <= speaker < max(1, int(self._model.num_speakers)):
            raise VoiceError(f"voice.speaker {speaker}: this voice has {self._model.num_speakers} speakers, from 0")

    def say(self, normalised: str, speed: float) -> Samples:
        """See `Voice`."""
        text = plain(normalised)
        if not any(character.isalnum() for character in text):
            return np.zeros(0, np.float32)
        try:
            audio = self._model.generate(text, sid=self._speaker, speed=speed)
        except RuntimeError as error:
            raise VoiceError(f"the voice failed on a piece of {len(text)} characters") from error
        samples = np.asarray(audio.samples, np.float32)
        if not len(samples):
            raise VoiceError(f"the voice's lexicon has no character of a piece of {len(text)} characters")
        return samples


def _model_config(directory: Path) -> Any:
    import sherpa_onnx

    tokens, lexicons = directory / "tokens.txt", ",".join(str(path) for path in sorted(directory.glob("lexicon*.txt")))
    if not tokens.is_file():
        raise VoiceError(f"no voice of sherpa-onnx in {directory}: tokens.txt is missing")
    if not lexicons:
        raise VoiceError(f"the voice in {directory} has no lexicon.txt: a Chinese voice of sherpa-onnx needs one")
    models = sorted(directory.glob("*.onnx"))
    vocoders = [path for path in models if "vocos" in path.name or path.name.startswith("hifigan")]
    others = [path for path in models if path not in vocoders]
    if not others:
        raise VoiceError(f"no *.onnx file in {directory}")
    model, one_thread = others[0], {"num_threads": 1, "provider": "cpu"}
    if (directory / "voices.bin").is_file():
        kokoro = sherpa_onnx.OfflineTtsKokoroModelConfig(
            model=str(model), voices=str(directory / "voices.bin"), tokens=str(tokens), lexicon=lexicons, lang="zh"
        )
        return sherpa_onnx.OfflineTtsModelConfig(kokoro=kokoro, **one_thread)
    if vocoders:
        matcha = sherpa_onnx.OfflineTtsMatchaModelConfig(
            acoustic_model=str(model), vocoder=str(vocoders[0]), tokens=str(tokens), lexicon=lexicons
        )
        return sherpa_onnx.OfflineTtsModelConfig(matcha=matcha, **one_thread)
    vits = sherpa_onnx.OfflineTtsVitsModelConfig(model=str(model), tokens=str(tokens), lexicon=lexicons)
    return sherpa_onnx.OfflineTtsModelConfig(vits=vits, **one_thread)
