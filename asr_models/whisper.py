"""Whisper in CTranslate2 with a window shorter than the 30 seconds it was trained on: 4-5 times cheaper."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
import tokenizers
import zhconv
from faster_whisper.feature_extractor import FeatureExtractor

from asr_models import audio, whisper_guards
from asr_models.recogniser import RecogniserError, RecogniserStream, Recognition, Samples

_PROMPT: Final = " 以下是普通话的句子。"
_SHORT_PROMPT: Final = " 是的。不是。对。好的。没有了。"
_SHORT_SECONDS: Final = 0.75
"""Less speech than this is an answer, not a sentence: told so, the decoder halves its errors on single words (CER of
60 synthetic ones 0.47 -> 0.28); longer speech keeps the other prompt."""
_LONGEST_WINDOW_SECONDS: Final = 30.0
_PAD_SECONDS: Final = 1.0
_LONGEST_PIECE_SECONDS: Final = 20.0
"""Measured on 25 s of telephone speech: cut at 29, 20, 14 s, CER 19.8, 19.1, 28.7 %, RTF 0.08, 0.06, 0.06."""
_FRAMES_A_SECOND: Final = 100
_TOKENS_A_SECOND: Final = 12
_TOKEN_LIMIT: Final = 448
_DIGIT_MARKS: Final = frozenset("0123456789%")
_FILES: Final = ("model.bin", "config.json", "tokenizer.json")


class Whisper:
    """Multilingual Whisper set to Mandarin; decodes whole utterances.

    The encoder sees the audio, a second of silence and padding up to `window_seconds`. At least 10 s are needed: at 5 s
    the character error rate on telephone speech rises from 18.5 to 33.7 percent.
    """

    name = "whisper"

    def __init__(self, directory: Path, *, beam_size: int = 5, window_seconds: float = 15.0, threads: int = 1) -> None:
        """
        Raises:
            RecogniserError: a file of the model is missing or cannot be loaded.
        """
        missing = [name for name in _FILES if not (directory / name).is_file()]
        if not any((directory / f"vocabulary.{kind}").is_file() for kind in ("txt", "json")):
            missing.append("vocabulary.txt")
        if missing:
            raise RecogniserError(
                f"no Whisper model in {directory} (missing: {', '.join(missing)}): run `hotline models fetch`"
            )
        try:
            self._model: Any = ctranslate2.models.Whisper(
                str(directory), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1
            )
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        except Exception as error:
            # Both libraries raise bare exceptions of many kinds for a damaged file.
            raise RecogniserError(f"the Whisper model in {directory} cannot be loaded: {error}") from error
        self._features: Any = FeatureExtractor()
        self._beam_size = beam_size
        self._window_seconds = window_seconds
        special: Callable[[str], Any] = self._tokenizer.token_to_id
        self._first_special: int = special("<|endoftext|>")
        self._start = [special(f"<|{name}|>") for name in ("startoftranscript", "zh", "transcribe", "notimestamps")]
        self._prompt, self._short_prompt = (
            [special("<|startofprev|>"), *self._tokenizer.encode(text, add_special_tokens=False).ids, *self._start]
            for text in (_PROMPT, _SHORT_PROMPT)
        )
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        digits = sorted(number for text, number in vocabulary.items() if _DIGIT_MARKS & set(text))
        self._suppressed = [-1, *(number for number in digits if number < self._first_special)]
        self._silence: dict[int, Any] = {}

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        """See `Recogniser`; more than 20 s are cut at quiet points and decoded piece by piece."""
        started = time.process_time()
        audio.check(samples, sample_rate_hz)
        wide = audio.to_model_rate(samples, sample_rate_hz)
        texts: list[str] = []
        weighted = 0.0
        for piece in audio.cut_at_quiet_points(wide, audio.MODEL_RATE_HZ, _LONGEST_PIECE_SECONDS):
            text, confidence = self._decode(piece)
            if text:
                texts.append(text)
                weighted += confidence * len(text)
        joined = "".join(texts)
        return Recognition(
            text=joined,
            confidence=weighted / len(joined) if joined else 0.0,
            audio_seconds=len(samples) / sample_rate_hz,
            compute_seconds=time.process_time() - started,
            engine=self.name,
        )

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        """None: Whisper decodes whole utterances."""
        return None

    def _decode(self, piece: Samples) -> tuple[str, float]:
        loud = audio.loud_seconds(piece, audio.MODEL_RATE_HZ)
        if not loud:
            return "", 0.0
        encoded, frames = self._encode(piece)
        tokens, evidence = self._generate(encoded, len(piece) / audio.MODEL_RATE_HZ, loud, no_repeat=0)
        if whisper_guards.repeats(evidence.text):
            tokens, evidence = self._generate(encoded, len(piece) / audio.MODEL_RATE_HZ, loud, no_repeat=4)
        if not tokens or not evidence.text:
            return "", 0.0
        support: float | None = None
        if whisper_guards.is_suspect(evidence):
            support = self._likelihood(encoded, tokens, frames) - self._likelihood(self._silent(frames), tokens, frames)
            if whisper_guards.is_hallucination(evidence, support):
                return "", 0.0
        return whisper_guards.collapse(evidence.text), whisper_guards.confidence(evidence.log_probability, support)

    def _encode(self, piece: Samples) -> tuple[Any, int]:
        seconds = len(piece) / audio.MODEL_RATE_HZ + _PAD_SECONDS
        window = min(_LONGEST_WINDOW_SECONDS, max(seconds, self._window_seconds))
        padded = np.pad(piece, (0, max(0, int(window * audio.MODEL_RATE_HZ) - len(piece))))
        frames = int(window * _FRAMES_A_SECOND) // 2 * 2
        mel = self._features(padded, padding=0, chunk_length=int(_LONGEST_WINDOW_SECONDS))[:, :frames]
        batch = np.ascontiguousarray(mel[None].astype(np.float32))
        return self._model.encode(ctranslate2.StorageView.from_array(batch)), frames

    def _silent(self, frames: int) -> Any:
        """The encoder's view of silence; kept for the usual window, made anew for the rare longer ones."""
        if frames not in self._silence:
            encoded, _ = self._encode(np.zeros(int((frames / _FRAMES_A_SECOND - _PAD_SECONDS) * 16_000), np.float32))
            if len(self._silence) > 3:
                self._silence.clear()
            self._silence[frames] = encoded
        return self._silence[frames]

    def _generate(
        self, encoded: Any, seconds: float, loud: float, *, no_repeat: int
    ) -> tuple[list[int], whisper_guards.Evidence]:
        prompt = self._short_prompt if loud < _SHORT_SECONDS else self._prompt
        result = self._model.generate(
            encoded,
            [prompt],
            beam_size=self._beam_size,
            max_length=min(_TOKEN_LIMIT, len(prompt) + int(8 + seconds * _TOKENS_A_SECOND)),
            no_repeat_ngram_size=no_repeat,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._suppressed,
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < self._first_special]
        text = zhconv.convert(self._tokenizer.decode(tokens), "zh-cn").replace("\ufffd", "").strip()
        return tokens, whisper_guards.Evidence(text, result.scores[0], result.no_speech_prob, loud)

    def _likelihood(self, encoded: Any, tokens: list[int], frames: int) -> float:
        """Mean log probability of the tokens after this audio, in nats."""
        aligned = self._model.align(encoded, self._start, [tokens], [frames])[0]
        return float(np.mean(np.log(np.maximum(aligned.text_token_probs, 1e-9))))
