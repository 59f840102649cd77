"""The tokens that Mandarin needs, out of the 51,865 of multilingual Whisper.

Every step of the decoder multiplies with one row for each token: with the 3,700 that can be part of a Chinese text a
step costs half, and no other language can come out. The ten digits are kept for the reading of a number that was asked
for; elsewhere they are suppressed: the decoder then writes numbers in words ("三点半", "幺三八"), as they were said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import zhconv

_ENGLISH_PARTS: Final = re.compile(rb" ?[A-Z]{1,4}|[a-z]{1,2}| [a-z]?")
"""Abbreviations (ETC, APP) as wholes, every other word letter by letter."""
_DIGITS: Final = "0123456789"
_NO_TEXT: Final = frozenset(b"%")
_SPECIAL: Final = ("<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>")


class WhisperVocabulary:
    """Numbers of tokens here are those of the reduced model, `rows` are theirs in the whole one."""

    def __init__(self, tokenizer: Any) -> None:
        """`tokenizer`: a `tokenizers.Tokenizer` of multilingual Whisper."""
        self._tokenizer = tokenizer
        numbers: dict[str, int] = tokenizer.get_vocab()
        end_of_text = numbers["<|endoftext|>"]
        last_special = numbers["<|notimestamps|>"]  # behind it stand the time stamps
        names = sorted(numbers, key=lambda name: numbers[name])
        kept = [
            name
            for name in names
            if (end_of_text <= numbers[name] <= last_special)
            or (numbers[name] < end_of_text and is_mandarin(bytes_of(name)))
        ]
        self.tokens: list[str] = kept
        self.rows: list[int] = [numbers[name] for name in kept]
        self._numbers = {row: number for number, row in enumerate(self.rows)}
        self.first_special = self._numbers[end_of_text]
        self.start = [self._numbers[numbers[name]] for name in _SPECIAL]
        self.digits = [token for digit in _DIGITS for token in self.tokens_of(digit)]
        self._previous = self._numbers[numbers["<|startofprev|>"]]

    def prompt(self, text: str) -> list[int]:
        """The decoder's beginning after `text` was said before."""
        return [self._previous, *self.tokens_of(text), *self.start]

    def tokens_of(self, text: str) -> list[int]:
        """Parts of it that are no Mandarin are left out."""
        return self.reduced(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def all_but(self, texts: Iterable[str]) -> list[int]:
        """Every token of text that is no part of these texts, each as the tokenizer cuts it: what a decoder must not
        write."""
        kept = {token for text in texts for token in self.tokens_of(text)}
        return [number for number in range(self.first_special) if number not in kept]

    def reduced(self, rows: Sequence[int]) -> list[int]:
        """Numbers of the whole model as numbers here; those that are not kept are left out."""
        return [self._numbers[row] for row in rows if row in self._numbers]

    def text(self, numbers: Sequence[int]) -> str:
        """In simplified characters; halves of characters are dropped."""
        rows = [self.rows[number] for number in numbers if number < self.first_special]
        decoded: str = zhconv.convert(self._tokenizer.decode(rows), "zh-cn")
        return decoded.replace("\ufffd", "").replace(",", "，").strip()


def bytes_of(token: str) -> bytes:
    """A token as GPT-2 and Whisper write it: every byte one printable character."""
    return bytes(_BYTE_OF[character] for character in token)


def is_mandarin(token: bytes) -> bool:
    """Whether it can be part of Chinese text: a byte, characters of the Chinese planes or pieces of them, or letters of
    an abbreviation, a single digit. No kana, no Hangul."""
    if len(token) == 1:
        return token[0] not in _NO_TEXT
    if not token or token[0] < 0x80:
        return bool(_ENGLISH_PARTS.fullmatch(token))
    if any(byte < 0x80 for byte in token):
        return False
    whole = token.decode("utf-8", "ignore")
    if not all(_is_chinese(character) for character in whole):
        return False
    return token[0] < 0xC0 or 0xE2 <= token[0] <= 0xE9 or token[0] == 0xEF


def _is_chinese(character: str) -> bool:
    if "\u3040" <= character <= "\u30ff":  # kana
        return False
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef" or character in "·“”‘’—…"


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's table: printable bytes stand for themselves, the others for the characters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in set(printable)]
    table = {chr(byte): byte for byte in printable}
    table.update({chr(0x100 + index): byte for index, byte in enumerate(others)})
    return table


_BYTE_OF: Final = _byte_alphabet()
