"""How many dictated telephone numbers come out whole: `python -m benchmarks.dictated_numbers [--seed N] [--count N]`.

Numbers drawn at random are said by our own voice in the ways in which callers say them, at varied speeds, through a
band-limited A-law line with the noise of a room, and recognised as the phone does it after the question for a number.
*Whole*: the dialogue reads the number that was said; *wrong*: it reads another whole number; the rest are incomplete
and asked for once more. With them go answers in words to the same question: none may become a number. Results go to
`var/benchmarks/dictated_numbers.json`. The drawing of seed 1 is the one that the rules were chosen on.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import asr_models.recogniser
from asr_models import factory
from asr_models.recogniser import Recognition, Samples
from base import logs
from base import settings as base_settings
from benchmarks.conditions import Conditions, lines, write
from bot.entities import whose_number
from knowledge.confusion_training import Caller, Utterance
from telephony.hearing import PRE_ROLL_SECONDS, TAIL_SECONDS

NOISE_DB: Final = (12.0, 25.0)
_WORDS: Final = (
    "我不想留电话。",
    "就用我现在打的这个号码。",
    "我没有手机。",
    "这个号码就行。",
    "你们不是有我的号码吗。",
    "打我老伴的电话行不行。",
    "我记不住号码。",
    "等一下我找一找。",
    "为什么要留电话呀。",
    "您再说一遍。",
    "八点以后再打给我。",
    "我姓李，叫李明。",
)


@dataclass(frozen=True, slots=True)
class Dictation:
    """One way of saying a number; `number` is empty for an answer in words."""

    style: str
    number: str
    spoken: Utterance


def _aloud(digits: str, chance: random.Random, *, yao: float = 0.7) -> str:
    one = "幺" if chance.random() < yao else "一"
    return "".join("零一二三四五六七八九"[int(digit)] for digit in digits).replace("一", one)


def _cut(digits: str, sizes: tuple[int, ...]) -> list[str]:
    parts: list[str] = []
    for size in sizes:
        parts.append(digits[:size])
        digits = digits[size:]
    return [*parts, digits] if digits else parts


def _groups(sizes: tuple[int, ...]) -> Callable[[str, random.Random], str]:
    return lambda digits, chance: "，".join(_aloud(part, chance) for part in _cut(digits, sizes)) + "。"


def _carrier(digits: str, chance: random.Random) -> str:
    lead = chance.choice(("我的电话是", "你记一下，", "手机号是", "打这个电话，", "号码，"))
    return lead + _groups((3, 4, 4))(digits, chance)


def _hesitating(digits: str, chance: random.Random) -> str:
    first, *others = _cut(digits, (3, 4, 4))
    lead = chance.choice(("那个，", "嗯，", "", "呃，"))
    middle = chance.choice(("，那个，", "，嗯，", "，然后，", "，"))
    return lead + _aloud(first, chance) + middle + "，".join(_aloud(part, chance) for part in others) + "。"


def _corrected(digits: str, chance: random.Random) -> str:
    first, second, third = _cut(digits, (3, 4, 4))
    wrong = "".join(chance.choice("0123456789") for _ in range(4))
    said = [_aloud(part, chance) for part in (first, second, wrong, third)]
    return f"{said[0]}，{said[1]}，{said[2]}，不对，后四位是{said[3]}。"


def _repeated_digit(digits: str, chance: random.Random) -> str:
    first, _, third = _cut(digits, (3, 4, 4))
    return f"{_aloud(first, chance)}，四个{_aloud(digits[3], chance)}，{_aloud(third, chance)}。"


STYLES: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "3-4-4": _groups((3, 4, 4)),
    "in one go": _groups((11,)),
    "by twos": _groups((1, 2, 2, 2, 2, 2)),
    "4-3-4": _groups((4, 3, 4)),
    "carrier": _carrier,
    "hesitating": _hesitating,
    "corrected": _corrected,
    "four alike": _repeated_digit,
}
_MOBILE_SHARE: Final = 0.85


def draw(count: int, seed: int, speeds: tuple[float, float]) -> list[Dictation]:
    """`count` numbers, the styles in turn, and every answer in words once; nothing but the arguments decides."""
    chance = random.Random(seed)
    drawn: list[Dictation] = []
    for index in range(count):
        style = list(STYLES)[index % len(STYLES)]
        if style in ("corrected", "four alike") or chance.random() < _MOBILE_SHARE:
            number = "1" + chance.choice("3456789") + "".join(chance.choice("0123456789") for _ in range(9))
        else:
            number = "010" + chance.choice("5678") + "".join(chance.choice("0123456789") for _ in range(7))
        if style == "four alike":
            number = number[:3] + number[3] * 4 + number[7:]
        drawn.append(Dictation(style, number, _spoken(STYLES[style](number, chance), chance, speeds)))
    drawn += [Dictation("words", "", _spoken(text, chance, speeds)) for text in _WORDS]
    return drawn


def _spoken(text: str, chance: random.Random, speeds: tuple[float, float]) -> Utterance:
    return Utterance(
        text, round(chance.uniform(*speeds), 3), round(chance.uniform(*NOISE_DB), 1), chance.getrandbits(32)
    )


def judged(number: str, heard: str) -> str:
    """`whole`, `wrong` or `incomplete`; of an answer in words `kept`, or `wrong` where it became a number."""
    told = whose_number.told(heard, spoken=True, asked=True)
    if not number:
        return "wrong" if told else "kept"
    if told is None:
        return "incomplete"
    return "whole" if told.number == number else "wrong"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dictated_numbers", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--speeds", type=float, nargs=2, default=(0.85, 1.1), metavar=("FROM", "TO"))
    parser.add_argument("--verbose", action="store_true", help="what became of each")
    arguments = parser.parse_args(argv)
    logs.configure("benchmark", "ERROR")
    settings = base_settings.load()
    under = Conditions()
    recogniser, caller = factory.load(settings), Caller(settings)
    counts: dict[str, Counter[str]] = {}
    compute_seconds: list[float] = []
    for one in draw(arguments.count, arguments.seed, tuple(arguments.speeds)):
        samples, rate_hz = line(caller, one.spoken)
        (outcome,) = recogniser.recognise_many([asr_models.recogniser.Utterance(samples, rate_hz, expected="digits")])
        assert isinstance(outcome, Recognition), outcome
        result = judged(one.number, outcome.text)
        counts.setdefault(one.style, Counter())[result] += 1
        compute_seconds.append(outcome.compute_seconds)
        if arguments.verbose:
            sure = min(outcome.digit_confidences, default=0.0)
            print(f"{one.style:<11} {result:<10} {sure:.2f} {one.number:<11} {one.spoken.text} -> {outcome.text}")
    told = under.told()
    numbers = Counter[str]()
    for style, count in counts.items():
        print(f"{style:<11} {dict(count)}")
        if style != "words":
            numbers += count
    result_now = {
        "seed": arguments.seed,
        "numbers": dict(numbers),
        "words": dict(counts["words"]),
        "cpu_seconds": round(sum(compute_seconds) / len(compute_seconds), 3),
    }
    print(result_now)
    for each in lines(told):
        print(each)
    write("dictated_numbers", {"conditions": told, **result_now})
    return 0


def line(caller: Caller, spoken: Utterance) -> tuple[Samples, int]:
    """As the phone hands an utterance to the recogniser."""
    return caller.say(spoken, lead_seconds=PRE_ROLL_SECONDS, tail_seconds=TAIL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
