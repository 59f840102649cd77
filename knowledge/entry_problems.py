"""What is wrong with an entry, said to an editor: pydantic's findings in Chinese, each with the field's label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

LABELS: Final[Mapping[str, str]] = {
    "id": "编号",
    "question": "标准问题",
    "ask": "其他问法",
    "answer": "答案",
    "spoken": "口播答案",
    "sources": "来源",
    "title": "标题",
    "issuing_body": "发布机关",
    "document_no": "文号",
    "clause": "条款",
    "version_date": "版本日期",
    "quote": "原文",
    "url": "网址",
    "topic": "分类",
    "owner": "责任单位",
    "scope": "适用范围",
    "audience": "适用对象",
    "effective_from": "生效时间",
    "effective_to": "失效时间",
    "sensitivity": "公开范围",
    "sample": "示例",
    "related": "相关条目",
    "attachments": "附件",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`field` as the API names it, dots between the parts (`sources.0.url`); empty for the entry as a whole."""

    field: str
    message: str

    def __str__(self) -> str:
        name = label(self.field)
        return f"{name}：{self.message}" if name else self.message

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "message": str(self)}


def label(field: str) -> str:
    """`sources.0.url` -> 来源1的网址."""
    shown = ""
    for part in field.split(".") if field else ():
        if part.isdigit():
            shown += str(int(part) + 1)
        else:
            name = LABELS.get(part, part)
            shown += f"的{name}" if shown else name
    return shown


def problems_of(error: ValidationError) -> list[Problem]:
    return [
        Problem(".".join(str(part) for part in found["loc"] if not _inner(part)), _message(found))
        for found in error.errors()
    ]


def _inner(part: Any) -> bool:
    """Names of pydantic's own branches (`datetime`, `date`): no field of ours."""
    return isinstance(part, str) and part in ("datetime", "date", "function-after[_when()]")


def _message(found: Any) -> str:
    context = found.get("ctx") or {}
    match found["type"]:
        case "missing":
            return "没有填写"
        case "string_too_short":
            return f"太短，至少{context['min_length']}个字" if found["input"] else "没有填写"
        case "string_too_long":
            return f"太长，最多{context['max_length']}个字"
        case "string_pattern_mismatch":
            return "只能用小写字母、数字和连字符，2到64个字符"
        case "string_type":
            return "应为文字"
        case "extra_forbidden":
            return "不认识的字段"
        case "literal_error":
            return f"只能是{context['expected'].replace(' or ', '、').replace(', ', '、')}"
        case "bool_type" | "bool_parsing":
            return "应为是或否"
        case "tuple_type" | "list_type":
            return "应为列表"
        case "value_error":
            return str(found["msg"]).removeprefix("Value error, ")
    return "格式不正确"
