"""Normalised text for voices that bring their own front end and know Chinese characters only. Pure."""

from __future__ import annotations

import re
from typing import Final

from telephony.voice.rule import LIGHT_BREAK

_LETTERS: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            "诶 必 西 第 意 艾弗 记 诶吃 爱 杰 开 艾勒 艾姆 恩 欧 批 秋 阿尔 艾丝 替 优 威 达不溜 艾克斯 外 贼".split()  # noqa: SIM905
        ),
        strict=True,
    )
)
"""How the letters are called, in characters that a Chinese lexicon has."""


def plain(normalised: str) -> str:
    """Chinese characters and the marks ，。、？！； only: letters by name, a light break as a comma."""
    text = re.sub("[A-Z]", lambda match: _LETTERS[match.group()], normalised)
    return text.replace(LIGHT_BREAK, "，")
