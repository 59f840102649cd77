"""The services: each leaf of the catalogue, and what may be told of a matter beside its description."""

from __future__ import annotations

from typing import Any, Final, get_args

from gateway.open311.formats import Element, Listed
from workorders.catalogue_file import Leaf
from workorders.model import RequestType

YES: Final = "yes"
_YES_NO: Final = {YES: "是", "no": "否"}
REQUEST_TYPES: Final[tuple[str, ...]] = get_args(RequestType)

# code -> (what is asked, datatype, the values that may be chosen)
ATTRIBUTES: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "request_type": ("诉求类型（不填为投诉）", "singlevaluelist", {name: name for name in REQUEST_TYPES}),
    "event_time": ("什么时候发生的？", "string", {}),
    "subject": ("涉及哪个单位、店铺或者个人？", "string", {}),
    "appeal": ("希望怎样解决？", "text", {}),
    "confidential": ("是否需要为您保密？", "singlevaluelist", _YES_NO),
    "publish": ("是否同意公开您写的描述和位置？（不填为不同意；其中的号码会隐去）", "singlevaluelist", _YES_NO),
}


def service_list(leaves: tuple[Leaf, ...]) -> Listed:
    return Listed("services", "service", [_service(leaf) for leaf in leaves])


def _service(leaf: Leaf) -> dict[str, Any]:
    return {
        "service_code": leaf.code,
        "service_name": leaf.level3,
        "description": f"{leaf.level1}／{leaf.level2}／{leaf.level3}",
        "metadata": True,
        "type": "realtime",
        "keywords": f"{leaf.level2},{leaf.level3}",
        "group": leaf.level1,
    }


def definition(leaf: Leaf) -> Element:
    attributes = [
        {
            "variable": True,
            "code": code,
            "datatype": datatype,
            "required": False,
            "datatype_description": None,
            "order": number,
            "description": text,
            "values": Listed("values", "value", [{"key": key, "name": name} for key, name in values.items()]),
        }
        for number, (code, (text, datatype, values)) in enumerate(ATTRIBUTES.items(), 1)
    ]
    fields = {"service_code": leaf.code, "attributes": Listed("attributes", "attribute", attributes)}
    return Element("service_definition", fields)
