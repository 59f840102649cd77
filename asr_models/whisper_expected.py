"""Whisper reads once more where it is known what was asked for: a number, a yes or no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from asr_models import whisper_answers, whisper_digits, whisper_numbers
from asr_models.whisper_pieces import TOKEN_LIMIT, TOKENS_A_SECOND, Decoded, Piece
from asr_models.whisper_vocabulary import WhisperVocabulary

_DIGITS_BEAM: Final = 5
_NUMBER_BEAM: Final = 8
_NUMBER_TOKENS_A_SECOND: Final = 6
_ANSWERS_BEAM: Final = 8
_ANSWER_TOKENS: Final = 10


class ExpectedReader:
    """`model`: a `ctranslate2.models.Whisper` with the tokens of `vocabulary`."""

    def __init__(self, model: Any, vocabulary: WhisperVocabulary) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._but_digits = vocabulary.all_but([whisper_digits.WRITABLE])
        self._but_numbers = [
            vocabulary.all_but([*whisper_numbers.AROUND, *alphabet]) for alphabet in whisper_numbers.ALPHABETS
        ]
        self._but_answers = vocabulary.all_but(whisper_answers.WRITABLE)

    def read(self, piece: Piece, free: Decoded) -> Decoded | None:
        """What was asked for, if it can be heard; None: what was freely read stays."""
        match piece.expected:
            case "digits":
                return self._read_digits(piece, free)
            case "yes_no":
                return self._read_answer(piece, free)
            case _:
                return None

    def _read_answer(self, piece: Piece, free: Decoded) -> Decoded | None:
        if not whisper_answers.is_worth_reading(free.evidence.text, free.evidence.log_probability, piece.loud_seconds):
            return None
        (result,) = self._model.generate(
            piece.encoded,
            [self._vocabulary.start],
            beam_size=_ANSWERS_BEAM,
            num_hypotheses=_ANSWERS_BEAM,
            max_length=len(self._vocabulary.start) + _ANSWER_TOKENS,
            return_scores=True,
            suppress_blank=True,
            suppress_tokens=self._but_answers,
        )
        tokens = [[one for one in row if one < self._vocabulary.first_special] for row in result.sequences_ids]
        read = [(self._vocabulary.text(row), score) for row, score in zip(tokens, result.scores, strict=True)]
        place = whisper_answers.chosen(read, free.evidence.log_probability)
        if place is None:
            return None
        text, score = read[place]
        return Decoded(tokens[place], replace(free.evidence, text=text, log_probability=score))

    def _read_digits(self, piece: Piece, free: Decoded) -> Decoded | None:
        """A number was asked for: its digits, behind what was said before them; None: that is not what was said."""
        text, score = free.evidence.text, free.evidence.log_probability
        if not whisper_digits.is_worth_reading(text):
            return None
        if (number := self._read_number(piece, free)) is not None:
            return number
        chosen: Decoded | None = None
        for prefix in whisper_digits.prefixes(text):
            before = self._vocabulary.tokens_of(prefix)
            prompt = [*self._vocabulary.start, *before]  # what follows `start` is in the answer too
            (result,) = self._model.generate(
                piece.encoded,
                [prompt],
                beam_size=_DIGITS_BEAM,
                max_length=min(TOKEN_LIMIT, len(prompt) + int(8 + piece.seconds * TOKENS_A_SECOND)),
                return_scores=True,
                suppress_blank=True,
                suppress_tokens=self._but_digits,
            )
            tokens = [token for token in result.sequences_ids[0] if token < self._vocabulary.first_special]
            digits = self._vocabulary.text(tokens[len(before) :])
            likely = result.scores[0] * len(result.sequences_ids[0]) / max(1, len(tokens) - len(before))
            if whisper_digits.is_trusted(text, score, prefix, digits, likely, piece.loud_seconds):
                whole = whisper_digits.is_whole(digits)
                if chosen is None or whole:
                    chosen = Decoded(tokens, replace(free.evidence, text=prefix + digits, log_probability=likely))
                if whole or not whisper_digits.is_near(digits):
                    break
        return chosen

    def _read_number(self, piece: Piece, free: Decoded) -> Decoded | None:
        """A whole telephone number and the words around it, in two alphabets; None: no such number is likely, which the
        length of the speech or the first alphabet often tells alone: guesses are made in the middle of a number."""
        if not whisper_numbers.has_time(piece.loud_seconds):
            return None
        readings: list[list[whisper_numbers.Reading]] = []
        tokens_of: dict[str, list[int]] = {}
        start = self._vocabulary.start
        for others in self._but_numbers:
            if readings and not whisper_numbers.is_near(readings[0]):
                return None
            (result,) = self._model.generate(
                piece.encoded,
                [start],
                beam_size=_NUMBER_BEAM,
                num_hypotheses=_NUMBER_BEAM,
                max_length=min(TOKEN_LIMIT, len(start) + int(8 + piece.seconds * _NUMBER_TOKENS_A_SECOND)),
                return_scores=True,
                suppress_blank=True,
                suppress_tokens=others,
            )
            readings.append([])
            for sequence, mean in zip(result.sequences_ids, result.scores, strict=True):
                tokens = [token for token in sequence if token < self._vocabulary.first_special]
                text = self._vocabulary.text(tokens)
                tokens_of.setdefault(text, tokens)
                readings[-1].append(whisper_numbers.Reading(text, mean * len(sequence)))
        best = whisper_numbers.chosen(*readings, loud_seconds=piece.loud_seconds)
        if best is None:
            return None
        evidence = replace(free.evidence, text=best.text, log_probability=best.log_probability)
        return Decoded(tokens_of[best.read], evidence, best.digit_confidences)
