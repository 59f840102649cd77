"""Hazards that are an order of two hours and no call for a rescue, as long as nobody is in them."""

from __future__ import annotations

import re
from typing import Final

from bot import guards
from workorders.deadlines import OPEN_MANHOLE

# The fire service is called when somebody is inside; till then it is mended at once (`workorders/deadlines.py`).
_OPEN_MANHOLE: Final = re.compile(OPEN_MANHOLE)
_NEARLY: Final = re.compile(
    r"(?:差点儿?|险些|差一点儿?|幸亏|怕|别|容易|万一|没(?:有)?人|还没)[^,，。;；!！?？]{0,8}(?:掉|栽|摔|踩|跌|杵|滑|崴)[^,，。;；!！?？]{0,6}"
    r"|(?:谁|有人|孩子|老人|哪个|骑车的|走道的)[^,，。]{0,2}要是[^,，。;；!！?？]{0,10}(?:掉|栽|摔|踩|跌|崴)[^,，。;；!！?？]{0,6}"
    r"|要是(?:谁|有人|孩子|老人|哪个|骑车的)[^,，。;；!！?？]{0,6}(?:掉|栽|摔|踩|跌|崴)[^,，。;；!！?？]{0,6}"
    r"|没(?:有)?(?:人)?(?:受)?(?:伤|摔着|掉下去|事)|[掉栽摔][^,，。;；]{0,3}(?:怎么办|咋办|可怎么)"
)
_SOMEBODY_IN_IT: Final = re.compile(
    r"(?:掉|栽|摔|跌|踩空|卡|陷|压|夹|翻|下去|半截)(?!了?个?坑)|够不着|喊|哭|哼|血|伤|水声|动静|底下有|里头有|里面有|拽着?(?:他|她|手)"
    r"|踩进|砸|飞|撞|烫|没影|没了人|抓着|吸|趴|抽|崩|呼呼|炮|烟|火|炸|味|煤气|燃气|天然气|嘶|呲|噼|冒|电(?!动|瓶|单车)"
)


def nobody_in_it(text: str) -> bool:
    """Whether an open manhole is told of that nobody has fallen into and nothing comes out of."""
    return bool(_OPEN_MANHOLE.search(text)) and not _SOMEBODY_IN_IT.search(_NEARLY.sub("", guards.defused(text)))
