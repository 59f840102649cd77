"""A working copy: the fields of an entry, allowed to be incomplete until it is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from knowledge.entry import Entry, check_entry
from knowledge.entry_problems import Problem, problems_of
from knowledge.errors import KnowledgeError

_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000)]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
_MANY: Final = 200


class BadDraft(KnowledgeError):
    """A working copy cannot even be kept: a field that there is not, a text where a list belongs, much too long."""


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Line = ""
    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    ask: Annotated[list[_Line], Field(max_length=_MANY)] = []
    answer: _Text = ""
    spoken: _Text = ""
    sources: Annotated[list[dict[str, str | None]], Field(max_length=_MANY)] = []
    topic: _Line = ""
    owner: _Line = ""
    scope: _Line = "北京"
    audience: _Line = "person"
    effective_from: str | None = None
    effective_to: str | None = None
    sensitivity: _Line = "public"
    sample: bool = False
    related: Annotated[list[_Line], Field(max_length=_MANY)] = []
    attachments: Annotated[list[dict[str, str | None]], Field(max_length=_MANY)] = []


def kept(content: Mapping[str, Any], entry_id: str) -> dict[str, Any]:
    """What is stored of a working copy: as an entry where it is one already, else as it was typed.

    Raises:
        BadDraft: it cannot be kept; the message names the field.
    """
    entry, _ = check_entry({**content, "id": entry_id})
    if entry is not None:
        return entry.model_dump(mode="json")
    try:
        draft = Draft.model_validate({**content, "id": entry_id})
    except ValidationError as error:
        raise BadDraft("；".join(str(problem) for problem in problems_of(error)[:5])) from error
    return draft.model_dump(mode="json")


def problems(content: Mapping[str, Any], entry_id: str = "") -> list[Problem]:
    """What stands in the way of submitting."""
    found = check_entry({**content, "id": entry_id or content.get("id") or "q-new"})[1]
    return [Problem(problem.field, problem.message) for problem in found]


def finished(content: Mapping[str, Any]) -> Entry:
    """
    Raises:
        BadDraft: something is missing or contradicts itself; every problem is named.
    """
    entry, found = check_entry(content)
    if entry is None:
        raise BadDraft("条目还不完整：" + "；".join(str(problem) for problem in found))
    return entry
