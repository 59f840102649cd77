"""The company that a story names in full, or by "called …", so that it is not asked for again. Pure.

Only what is plainly a name is taken: what is missed is asked for, what is taken wrongly is read back as the culprit.
"""

from __future__ import annotations

import re
from typing import Final

_REGISTERED: Final = re.compile(
    r"(?P<name>[\u4e00-\u9fffA-Za-z0-9·（）()]{2,24}?(?:有限(?:责任)?公司|股份公司|集团公司))"
)
_CALLED: Final = re.compile(
    r"(?:店名[叫是]|字号[叫是]|公司名[叫是]|招牌[叫是]|(?:公司|店|馆|厂|机构|学校|中介|物业)叫)(?:做|个)?[“\"「]?"
    r"(?P<name>[\u4e00-\u9fffA-Za-z0-9·]{2,14})"
)
_LEADS: Final = re.compile(  # what stands before a name in the same clause
    r"^.*(?:投诉|举报|反映|入职|应聘到|签约|属于|就是|在|去|到|找|跟|给|被|让|从|和|与|由|向|是|叫|的|区|街道|[省市县镇乡](?=[^,，。]{4}))"
)
_NO_NAME: Final = re.compile(r"什么|啥|忘|不|没|哪|怎么")


def find(text: str) -> str:
    """The first name (北京宏达装饰有限公司, 金色年华健身房), or an empty string."""
    for clause in re.split(r"[,，。;；!！?？:：\s]+", text):
        if found := _REGISTERED.search(clause):
            city = re.search(r"北京(?:市)?[^,，。]*$", found["name"])
            name = city.group() if city else _LEADS.sub("", found["name"])
            if len(name) > len("有限公司") and name[0] not in "我你您他她这那某":
                return name
        if (found := _CALLED.search(clause)) and not _NO_NAME.search(found["name"]):
            return found["name"]
    return ""
