"""Facts for an earlier order: whoever has shown its number and tracking code in this conversation may add to it."""

from __future__ import annotations

import re
from typing import Final

from bot import order_wording, wording
from bot.decision import Supplement
from bot.policy import matters
from bot.policy.talk import Talk

_SAYS: Final = re.compile(
    r"^(?:那|我|还|再|想|要|需要|麻烦|帮我|给我)*(?:补充|追加)(?:一下|一点|几句|说明|情况|内容|材料)*[的：:，,。.、\s]*"
)
_MOST_CHARACTERS: Final = 2_000


def take(talk: Talk) -> bool:
    """False where this is nothing of the kind: it is then read as usual."""
    matter = next((one for one in reversed(talk.state.matters) if one.verified and one.order_no), None)
    if matter is None or matter.order_no is None or talk.state.form:
        return False
    found = _SAYS.match(talk.text.strip())
    if found is None:
        return False
    content = talk.text.strip()[found.end() :].strip()[:_MOST_CHARACTERS]
    if not content:
        talk.ask(None, wording.SUPPLEMENT_HOW)
        return True
    talk.effects.append(Supplement(matter.order_no, content))
    talk.say(order_wording.supplemented(matter.order_no))
    talk.state.asking = None
    matters.proceed(talk)
    return True
