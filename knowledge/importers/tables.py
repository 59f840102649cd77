"""Questions and answers from YAML, JSON Lines, CSV or Excel: every row checked, nothing imported unless all fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from knowledge.entry import Entry, load_yaml_list, validate_rows
from knowledge.errors import ImportRefused, RowProblem
from knowledge.importers.rows import MAXIMUM_ROWS, YES, named_cells, read_rows

SUFFIXES: Final = (".yml", ".yaml", ".jsonl", ".csv", ".xlsx")
COLUMNS: Final[Mapping[str, str]] = {
    "编号": "id",
    "标准问题": "question",
    "问题": "question",
    "相似问": "ask",
    "其他问法": "ask",
    "答案": "answer",
    "口播": "spoken",
    "主题": "topic",
    "承办单位": "owner",
    "范围": "scope",
    "对象": "audience",
    "生效日期": "effective_from",
    "失效日期": "effective_to",
    "密级": "sensitivity",
    "示例": "sample",
    "相关": "related",
    "来源": "source_title",
    "来源标题": "source_title",
    "发布机关": "source_issuing_body",
    "文号": "source_document_no",
    "条款": "source_clause",
    "版本日期": "source_version_date",
    "原文": "source_quote",
    "网址": "source_url",
}
"""Column headings in Chinese; the English field names work too (`source_…` for the one source of a row)."""

_LIST_SPLIT: Final = re.compile(r"[\n；;|]+")
_AUDIENCE: Final = {"个人": "person", "企业": "enterprise", "个人和企业": "both", "公开": "public", "内部": "internal"}


def read_entries(path: Path, *, limit_rows: int = MAXIMUM_ROWS) -> list[Entry]:
    """The entries of one file.

    Raises:
        ImportRefused: a row does not fit (all problems are named). KnowledgeError: the file cannot be read at all.
    """
    suffix = path.suffix.lower()
    if suffix in (".yml", ".yaml"):
        return validate_rows(path.name, load_yaml_list(path))
    rows = read_rows(path, limit_rows=limit_rows)
    fields = [row if suffix == ".jsonl" else _row(row) for _, row in rows]
    try:
        return validate_rows(path.name, fields)
    except ImportRefused as refused:  # name the rows as the file counts them
        problems = [RowProblem(path.name, rows[found.row - 1][0], found.message) for found in refused.problems]
        raise ImportRefused(path.name, problems) from refused


def _row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A table's row as an entry's fields: Chinese headings, lists in one cell, one source in columns of its own."""
    fields: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name, value in named_cells(row, COLUMNS):
        text = "" if value is None else str(value).strip()
        if not text or not name:
            continue
        if name.startswith("source_"):
            source[name.removeprefix("source_")] = text
        elif name in ("ask", "related"):
            fields[name] = [part.strip() for part in _LIST_SPLIT.split(text) if part.strip()]
        elif name == "sample":
            fields[name] = text.lower() in YES
        else:
            fields[name] = _AUDIENCE.get(text, text) if name in ("audience", "sensitivity") else text
    if source:
        fields["sources"] = [source]
    fields.setdefault("topic", "其他")
    if "id" not in fields and fields.get("question"):
        fields["id"] = "q-" + sha256(str(fields["question"]).encode()).hexdigest()[:12]
    return fields
