"""Whisper, made cheap: a window of 10 seconds instead of the 30 it was trained on, an encoder that spares the silence
in it, only the tokens of Mandarin, and one decoder run (CTranslate2) for the utterances of several calls."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
import tokenizers

from asr_models import audio, ctranslate_model, whisper_guards
from asr_models.log_mel import FRAMES_A_SECOND
from asr_models.recogniser import (
    Outcome,
    RecogniserError,
    RecogniserStream,
    Recognition,
    Samples,
    Utterance,
)
from asr_models.whisper_encoder import WhisperEncoder
from asr_models.whisper_expected import ExpectedReader
from asr_models.whisper_pieces import TOKEN_LIMIT, TOKENS_A_SECOND, Decoded, Piece
from asr_models.whisper_vocabulary import WhisperVocabulary
from asr_models.word_frequencies import is_chinese
from asr_models.words import Words
from base import alternatives
from base.alternatives import Alternative

_SHORT_PROMPT: Final = " 是的。不是。对。好的。没有了。"
_LONGEST_WINDOW_SECONDS: Final = 30.0
_PAD_SECONDS: Final = 1.0
_LONGEST_PIECE_SECONDS: Final = 20.0
"""Measured on 25 s of telephone speech: cut at 29, 20, 14 s, CER 19.8, 19.1, 28.7 %, RTF 0.08, 0.06, 0.06."""
_CHARACTER_BONUS: Final = 5.0
"""Nats a character, against the preference of word likelihoods for short texts."""
_FILES: Final = ("model.bin", "config.json", "tokenizer.json")


class Whisper:
    """Multilingual Whisper set to Mandarin; decodes whole utterances.

    The encoder sees the audio, a second of silence and padding up to `window_seconds`. It needs about 10 s: at 5 s the
    character error rate on telephone speech rises from 18.5 to 33.7 percent.
    """

    name = "whisper"
    streams = False

    def __init__(
        self,
        directory: Path,
        *,
        beam_size: int = 8,
        window_seconds: float = 10.0,
        batch_size: int = 4,
        words: Words | None = None,
        word_weight: float = 0.0,
        threads: int = 1,
    ) -> None:
        """`batch_size`: so many utterances share one run of the decoder. `words` and `word_weight`: how much the
        likelihood of a text's words counts beside that of its sound; without them the sound decides alone.

        Raises:
            RecogniserError: a file of the model is missing or cannot be loaded.
        """
        missing = [name for name in _FILES if not (directory / name).is_file()]
        if missing:
            raise RecogniserError(
                f"no Whisper model in {directory} (missing: {', '.join(missing)}): run `hotline models fetch`"
            )
        try:
            tokenizer: Any = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
            self._vocabulary = WhisperVocabulary(tokenizer)
            weights = (directory / "model.bin").read_bytes()
            self._model: Any = ctranslate2.models.Whisper(
                str(directory),
                device="cpu",
                compute_type="int8",
                intra_threads=threads,
                inter_threads=1,
                files=_reduced_files(directory, weights, self._vocabulary),
            )
            self._encoder = _encoder(directory, weights, threads)
        except RecogniserError:
            raise
        except Exception as error:
            # Both libraries raise bare exceptions of many kinds for a damaged file.
            raise RecogniserError(f"the Whisper model in {directory} cannot be loaded: {error}") from error
        self._beam_size = beam_size
        self._window_seconds = window_seconds
        self._batch_size = batch_size
        self._words = words if word_weight > 0 else None
        self._word_weight = word_weight
        self._prompt = self._vocabulary.start
        self._short_prompt = self._vocabulary.prompt(_SHORT_PROMPT)
        self._expected = ExpectedReader(self._model, self._vocabulary)
        self._silence: dict[int, Any] = {}

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        """See `Recogniser`; more than 20 s are cut at quiet points and decoded piece by piece."""
        (outcome,) = self.recognise_many([Utterance(samples, sample_rate_hz)])
        if isinstance(outcome, Recognition):
            return outcome
        raise outcome or RecogniserError("nobody wanted this utterance")

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        """See `Recogniser`. The encoder takes one at a time (several at once cost more), the decoder all together."""
        outcomes: list[Outcome] = [None] * len(utterances)
        taken: dict[int, list[Piece]] = {}
        for index, utterance in enumerate(utterances):
            if not utterance.wanted():
                continue
            try:
                taken[index] = self._pieces(utterance)
            except RecogniserError as error:
                outcomes[index] = error
        alike: dict[tuple[int, bool], list[Piece]] = defaultdict(list)
        for index, pieces in list(taken.items()):
            if not utterances[index].wanted():  # given up while others were encoded
                del taken[index]
                continue
            for piece in pieces:
                if piece.loud_seconds:
                    alike[piece.frames, piece.short].append(piece)
        for group in alike.values():
            for first in range(0, len(group), self._batch_size):
                self._read(group[first : first + self._batch_size])
        for index, pieces in taken.items():
            outcomes[index] = self._recognition(utterances[index], pieces)
        return outcomes

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        """None: Whisper decodes whole utterances."""
        return None

    def _pieces(self, utterance: Utterance) -> list[Piece]:
        audio.check(utterance.samples, utterance.sample_rate_hz)
        wide = audio.to_model_rate(utterance.samples, utterance.sample_rate_hz)
        pieces = []
        for samples in audio.cut_at_quiet_points(wide, audio.MODEL_RATE_HZ, _LONGEST_PIECE_SECONDS):
            started = time.process_time()
            loud = audio.loud_seconds(samples, audio.MODEL_RATE_HZ)
            piece = Piece(samples, loud, self._frames(len(samples) / audio.MODEL_RATE_HZ), utterance.expected)
            if loud:
                piece.encoded = self._encode(samples, piece.frames)
            piece.compute_seconds = time.process_time() - started
            pieces.append(piece)
        return pieces

    def _recognition(self, utterance: Utterance, pieces: list[Piece]) -> Recognition:
        text = "".join(piece.text for piece in pieces)
        weighted = sum(piece.confidence * len(piece.text) for piece in pieces)
        return Recognition(
            text=text,
            confidence=weighted / len(text) if text else 0.0,
            audio_seconds=len(utterance.samples) / utterance.sample_rate_hz,
            compute_seconds=sum(piece.compute_seconds for piece in pieces),
            engine=self.name,
            digit_confidences=pieces[0].digit_confidences if len(pieces) == 1 else (),
            alternatives=pieces[0].alternatives if len(pieces) == 1 else (),
        )

    def _read(self, pieces: Sequence[Piece]) -> None:
        """Text and confidence of pieces with the same number of frames and the same prompt."""
        started = time.process_time()
        decoded = self._generate(pieces)
        share = (time.process_time() - started) / len(pieces)
        for piece, first in zip(pieces, decoded, strict=True):
            started = time.process_time()
            again = whisper_guards.repeats(first.evidence.text)
            read = self._generate([piece], no_repeat=4)[0] if again else first
            if (expected := self._expected.read(piece, read)) is not None:
                self._judge(piece, expected, doubted=piece.expected == "yes_no")
                piece.digit_confidences = expected.digit_confidences if piece.text else ()
            if not piece.text:
                self._judge(piece, read)
            piece.compute_seconds += share + time.process_time() - started

    def _judge(self, piece: Piece, decoded: Decoded, *, doubted: bool = False) -> None:
        """Take the text unless the sound does not support it. `doubted`: it is looked into in any case."""
        evidence = decoded.evidence
        if not decoded.tokens or not evidence.text:
            return
        support: float | None = None
        if doubted or whisper_guards.is_suspect(evidence):
            heard = self._likelihood(piece.encoded, decoded.tokens, piece.frames)
            support = heard - self._likelihood(self._silent(piece.frames), decoded.tokens, piece.frames)
            if whisper_guards.is_hallucination(evidence, support):
                return
        piece.text = whisper_guards.collapse(evidence.text, piece.loud_seconds)
        piece.alternatives = decoded.alternatives if piece.text == evidence.text else ()
        piece.confidence = whisper_guards.confidence(evidence.log_probability, support)

    def _frames(self, seconds: float) -> int:
        """Of the window for so much audio; whole seconds, so that utterances of different calls are alike."""
        window = max(seconds + _PAD_SECONDS, self._window_seconds)
        return int(np.ceil(min(window, _LONGEST_WINDOW_SECONDS))) * FRAMES_A_SECOND

    def _encode(self, samples: Samples, frames: int) -> Any:
        return ctranslate2.StorageView.from_array(self._encoder.encode(samples, frames))

    def _silent(self, frames: int) -> Any:
        """The encoder's view of silence; kept for the usual window, made anew for the rare longer ones."""
        if frames not in self._silence:
            if len(self._silence) > 3:
                self._silence.clear()
            self._silence[frames] = self._encode(np.zeros(audio.MODEL_RATE_HZ, np.float32), frames)
        return self._silence[frames]

    def _generate(self, pieces: Sequence[Piece], *, no_repeat: int = 0) -> list[Decoded]:
        prompt = self._short_prompt if pieces[0].short else self._prompt
        encoded = pieces[0].encoded
        if len(pieces) > 1:
            joined = np.concatenate([np.asarray(piece.encoded) for piece in pieces])
            encoded = ctranslate2.StorageView.from_array(joined)
        longest = max(piece.seconds for piece in pieces)
        results = self._model.generate(
            encoded,
            [prompt] * len(pieces),
            beam_size=self._beam_size,
            num_hypotheses=self._beam_size if self._words is not None else 1,
            max_length=min(TOKEN_LIMIT, len(prompt) + int(8 + longest * TOKENS_A_SECOND)),
            no_repeat_ngram_size=no_repeat,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
        )
        return [self._choose(piece, result) for piece, result in zip(pieces, results, strict=True)]

    def _choose(self, piece: Piece, result: Any) -> Decoded:
        """The best of the decoder's texts for one piece, by sound and words."""
        read: list[tuple[float, str, list[int], float]] = []
        for sequence, score in zip(result.sequences_ids, result.scores, strict=True):
            tokens = [token for token in sequence if token < self._vocabulary.first_special]
            read.append((*self._weigh(self._vocabulary.text(tokens), score), tokens, score))
        read.sort(key=lambda one: -one[0])
        best, text, tokens, score = read[0]
        odds: dict[str, float] = {}
        for merit, other, _, _ in read[1:]:
            if other and other != text:
                odds.setdefault(other, merit - best)
        return Decoded(
            tokens,
            whisper_guards.Evidence(text, score, result.no_speech_prob, piece.loud_seconds),
            alternatives=tuple(Alternative(*one) for one in list(odds.items())[: alternatives.MOST]),
        )

    def _weigh(self, text: str, score: float) -> tuple[float, str]:
        """How good a text is, and how it is best spelt. `score`: mean log probability of a token given the sound."""
        if self._words is None:
            return score, text
        likelihood, spelt = self._words.read(text)
        length = sum(map(is_chinese, text))
        return score * max(length, 1) + self._word_weight * (likelihood + _CHARACTER_BONUS * length), spelt

    def _likelihood(self, encoded: Any, tokens: list[int], frames: int) -> float:
        """Mean log probability of the tokens after this audio, in nats."""
        aligned = self._model.align(encoded, self._vocabulary.start, [tokens], [frames])[0]
        return float(np.mean(np.log(np.maximum(aligned.text_token_probs, 1e-9))))


def _reduced_files(directory: Path, weights: bytes, vocabulary: WhisperVocabulary) -> dict[str, bytes]:
    """The model as CTranslate2 reads it, with the kept tokens only; made in memory, the files stay as they are."""
    config: dict[str, Any] = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    size = len(words_of(directory))
    for name in ("suppress_ids", "suppress_ids_begin", "lang_ids"):
        config[name] = vocabulary.reduced(config.get(name, []))
    config["suppress_ids"] += vocabulary.digits
    return {
        "model.bin": ctranslate_model.with_rows(weights, vocabulary.rows, size),
        "config.json": json.dumps(config).encode(),
        "vocabulary.json": json.dumps(vocabulary.tokens, ensure_ascii=False).encode(),
    }


def _encoder(directory: Path, weights: bytes, threads: int) -> WhisperEncoder:
    variables = dict(ctranslate_model.numbers_below(weights, "encoder/"))
    if (heads := variables.pop("num_heads", None)) is None:
        raise RecogniserError(f"the Whisper model in {directory} does not tell its number of heads")
    return WhisperEncoder(variables, int(heads), threads=threads)


def words_of(directory: Path) -> list[str]:
    """The whole vocabulary; older conversions write it as lines, later ones as JSON."""
    if (path := directory / "vocabulary.json").is_file():
        words: list[str] = json.loads(path.read_text(encoding="utf-8"))
        return words
    path = directory / "vocabulary.txt"
    if not path.is_file():
        raise RecogniserError(f"no Whisper model in {directory} (missing: vocabulary.txt): run `hotline models fetch`")
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
