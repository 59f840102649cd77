"""The intents that understanding may return. `bot/rasa/data/nlu.yml` and the fallback classifier use these names."""

from __future__ import annotations

from typing import Final, Literal, get_args

Intent = Literal[
    "consult",  # 咨询: asks about a policy, a procedure, a right
    "complain",  # 投诉
    "report",  # 举报
    "help",  # 求助
    "suggest",  # 建议
    "praise",  # 表扬
    "order_status",  # how far has my request got
    "human",  # a person, please
    "lawful_channel",  # litigation, arbitration, discipline inspection, reconsideration, disclosure, petitioning
    "emergency",  # danger to life or property now
    "affirm",
    "deny",
    "correct",  # 不对,是五号楼
    "dont_know",  # 不清楚, 记不得了, 不方便说
    "not_this",  # 不是这个意思
    "repeat",  # 再说一遍
    "slower",
    "louder",
    "faster",  # 不用这么慢
    "quieter",
    "elder",  # 我耳朵背, 我年纪大了
    "wait",  # 等一下
    "greet",
    "thanks",
    "goodbye",
    "nothing_more",  # 没有别的事了
    "chitchat",
    "out_of_scope",
    "unlawful",  # 违法或者违背公序良俗的要求 (条例 article 11 (6))
    "abuse",
    "prompt_attack",  # other people's data, the bot's instructions
    "none",  # the calibrated "none of these"
]
INTENTS: Final[tuple[str, ...]] = get_args(Intent)
REQUEST_TYPES: Final[dict[str, str]] = {
    "consult": "咨询",
    "complain": "投诉",
    "report": "举报",
    "help": "求助",
    "suggest": "建议",
    "praise": "表扬",
}
SLOTS: Final[tuple[str, ...]] = (
    "detail",
    "place",
    "event_time",
    "subject",
    "appeal",
    "contact_name",
    "contact_phone",
    "confidential",
    "confirm_order",
    "confirm_question",
    "order_no",
    "satisfaction",
)
