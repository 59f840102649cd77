"""满意度: one word or one key after the matter is done. Asked once, and the outcome never waits for it."""

from __future__ import annotations

import re
from typing import Final

from bot import reading, wording
from bot.policy import closing
from bot.policy.talk import Talk
from bot.state import State

RATINGS: Final = ("satisfied", "fair", "unsatisfied")  # 满意, 一般, 不满意: keys 1, 2, 3
_RATED: Final = frozenset({"answered", "order_filed", "lawful_channel"})
_BAD: Final = re.compile(
    r"不(?:太|大|怎么|够|很)?(?:满意|好|行|咋|怎么样)|差|糟|失望|没(?:解决|用|帮上)|垃圾|生气|烂|恼火|不咋"
)
_FAIR: Final = re.compile(r"一般|还(?:行|可以|凑合|好|算)|凑合|马马虎虎|普通|中等|过得去|就那样|就那么回事|湊合")
_GOOD: Final = re.compile(r"满意|[很挺真太蛮]好|不错|很棒|特别好|非常好|^好|五星|可以|周到|点赞|谢谢你?们?服务")
_KEYS: Final = {"1": 0, "一": 0, "幺": 0, "2": 1, "二": 1, "两": 1, "3": 2, "三": 2}
_KEY_SAID: Final = re.compile(r"^(?:我)?(?:按|选|打|给)?(?:第)?([123一二三幺两])(?:个|号|键|吧|啊|分)*$")


def wanted(talk: Talk) -> bool:
    """Whether this caller is asked: on the phone, served, not in trouble with us, and not asked before."""
    state = talk.state
    served = closing.outcome_of(state) in _RATED
    return talk.ask_rating and talk.phone and served and not (state.rating_asked or state.warnings or state.attacks)


def close(talk: Talk) -> None:
    """The citizen has nothing more: the end, and for those who were served one question about it."""
    if wanted(talk) and not reading.goodbye(talk.text):
        closing.ask_to_rate(talk)
    else:
        closing.close(talk)


def asked(state: State) -> State:
    """The state after somebody else has served the citizen and the question was put."""
    rated = state.copy()
    rated.asking, rated.rating_asked = "satisfaction", True
    return rated


def read(text: str) -> str:
    """The rating that a word or a key gives; empty where it gives none."""
    words = reading.bare(text)
    if key := _KEY_SAID.match(words):
        return RATINGS[_KEYS[key[1]]]
    if len(words) > 16:
        return ""
    for pattern, rating in ((_BAD, 2), (_FAIR, 1), (_GOOD, 0)):
        if pattern.search(words):
            return RATINGS[rating]
    return ""


def take(talk: Talk) -> bool:
    """The answer to the question about the service; False where the caller has come back with something else."""
    state, text = talk.state, talk.text
    state.asking = None
    rating = read(text)
    if rating:
        state.rating = rating
        state.detail = {**state.detail, "rating": rating}
        closing.end(talk, wording.RATED_BADLY if rating == RATINGS[2] else wording.RATED)
        return True
    if reading.nothing_more(text) or reading.goodbye(text) or reading.refuses(text) or reading.thanks_only(text):
        closing.end(talk, wording.GOODBYE)
        return True
    return False
