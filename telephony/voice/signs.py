"""Characters with more than one form: full width and half width, single-character units, numerals in circles. Pure."""

from __future__ import annotations

from typing import Final

_KEEP_WIDE: Final = "，！？；：（）"
_WIDE: Final = {
    ord(wide): chr(ord(wide) - 0xFEE0) for wide in map(chr, range(0xFF01, 0xFF5F)) if wide not in _KEEP_WIDE
}
_SIGNS: Final = str.maketrans(
    {
        "〜": "~", "∼": "~", "–": "-", "−": "-", "‐": "-", "‑": "-", "﹣": "-", "➡": "→", "⇒": "→",
        "㎡": "m²", "㎥": "m³", "㎞": "km", "㎝": "cm", "㎜": "mm", "㎏": "kg", "㎎": "mg", "㏄": "mL", "µ": "μ",
        "℃": "°C", "℉": "°F", "º": "°", "′": "'", "″": '"', "∶": ":", "￥": "¥", "〇": "零",
        "\u00a0": " ", "\u3000": " ", "\t": " ", "\ufffc": "",
        "(": "（", ")": "）", "【": "（", "】": "）", "{": "（", "}": "）", "〈": "《", "〉": "》",
        "|": "，", "│": "，",
        "½": "二分之一", "¼": "四分之一", "¾": "四分之三", "⅓": "三分之一", "⅔": "三分之二",
        "•": "·", "・": "·", "●": "·", "■": "·", "◆": "·", "▪": "·", "※": "·", "★": "·", "☆": "·",
    }
)  # fmt: skip
_ROMAN: Final = {
    ord(numeral): said
    for signs in ("ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ", "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻ")
    for numeral, said in zip(signs, ("一 二 三 四 五 六 七 八 九 十 十一 十二".split()), strict=True)  # noqa: SIM905
}
_SMALL: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_NUMERALS_IN_CIRCLES: Final = (  # first character, how many, the number of the first
    ("①", 20, 1), ("⑴", 20, 1), ("⒈", 20, 1), ("㈠", 10, 1), ("㊀", 10, 1), ("❶", 10, 1), ("➀", 10, 1), ("➊", 10, 1),
    ("⓵", 10, 1), ("㉑", 15, 21), ("㊱", 15, 36),
)  # fmt: skip

LIST_NUMERALS: Final[dict[str, int]] = {
    chr(ord(first) + offset): number + offset
    for first, count, number in _NUMERALS_IN_CIRCLES
    for offset in range(count)
}
"""① ⑴ ㈠ and their kind, with the number that each stands for."""


def unify(text: str) -> str:
    """The same text in the forms that the rules know. Numerals in circles stay: they are list marks."""
    return text.translate(_WIDE).translate(_SIGNS).translate(_ROMAN).translate(_SMALL)
