"""The life of an entry as a pure, guarded state machine.

Two things live side by side: what is live (`live`) and the working copy (`work`), so that an entry goes on answering
while its next version is written and reviewed. Whether what is live is coming, in force, expiring or expired follows
from its dates and the time; no job has to run for it.

    work:  none -edit-> draft -submit-> submitted -approve-> reviewed -publish-> none (live), or waits for `publish_at`
    live:  none -> published -withdraw-> withdrawn -restore-> published;  published, withdrawn -archive-> archived

Four eyes: whoever wrote or submitted a working copy can neither approve nor publish it unreviewed. Every rule is
checked here, by the server, whatever a page shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from knowledge.errors import KnowledgeError

Live = Literal["none", "published", "withdrawn", "archived"]
Work = Literal["none", "draft", "submitted", "reviewed"]
Event = Literal["edit", "submit", "return", "approve", "publish", "withdraw", "restore", "archive", "discard"]
Stage = Literal[
    "draft",
    "submitted",
    "reviewed",
    "scheduled",
    "coming",
    "published",
    "expiring",
    "expired",
    "withdrawn",
    "archived",
]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
SCHEDULER: Final = "schedule"
"""The actor of what happens by itself at a set time."""


class NotPossible(KnowledgeError):
    """A step that the life cycle does not allow now; the message is Chinese and meant for the editor."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a step needs. `work`, `live`: states from which it is possible; None: from any."""

    text: str
    work: frozenset[Work] | None = None
    live: frozenset[Live] | None = None
    needs_note: bool = False


RULES: Final[Mapping[Event, Rule]] = {
    "edit": Rule("修改", live=frozenset({"none", "published", "withdrawn"})),
    "submit": Rule("提交审核", work=frozenset({"draft"})),
    "return": Rule("退回修改", work=frozenset({"submitted", "reviewed"}), needs_note=True),
    "approve": Rule("审核通过", work=frozenset({"submitted"})),
    "publish": Rule("发布", work=frozenset({"reviewed"})),
    "withdraw": Rule("撤回", live=frozenset({"published"}), needs_note=True),
    "restore": Rule("恢复发布", live=frozenset({"withdrawn"}), needs_note=True),
    "archive": Rule("归档", live=frozenset({"published", "withdrawn"}), needs_note=True),
    "discard": Rule("放弃修改", work=frozenset({"draft", "submitted", "reviewed"})),
}

_WORK_TEXT: Final[Mapping[Work, str]] = {
    "none": "没有待处理的修改",
    "draft": "草稿",
    "submitted": "待审核",
    "reviewed": "已审核",
}
_LIVE_TEXT: Final[Mapping[Live, str]] = {
    "none": "未发布",
    "published": "已发布",
    "withdrawn": "已撤回",
    "archived": "已归档",
}


@dataclass(frozen=True, slots=True)
class Life:
    """Where an entry stands. `editors`: who wrote the working copy; `publish_at`: set when it is to appear later."""

    live: Live = "none"
    work: Work = "none"
    editors: tuple[str, ...] = ()
    submitted_by: str | None = None
    reviewed_by: str | None = None
    publish_at: datetime | None = None


def step(
    life: Life, event: Event, *, actor: str, now: datetime, note: str = "", publish_at: datetime | None = None
) -> Life:
    """The life after a step. `publish_at` in the future postpones `publish`: the copy stays reviewed until then.

    Raises:
        NotPossible: the state, the four-eyes rule or a missing note forbids it.
    """
    _check(life, event, actor, note)
    match event:
        case "edit":
            editors = life.editors if life.work != "none" else ()
            return Life(life.live, "draft", (*editors, actor) if actor not in editors else editors)
        case "submit":
            return replace(life, work="submitted", submitted_by=actor)
        case "return":
            return replace(life, work="draft", submitted_by=None, reviewed_by=None, publish_at=None)
        case "approve":
            return replace(life, work="reviewed", reviewed_by=actor)
        case "publish":
            if publish_at is not None and publish_at > now:
                return replace(life, publish_at=publish_at)
            return Life("published")
        case "discard":
            return Life(life.live)
        case "withdraw":  # an approved successor must not come out by itself after its entry was withdrawn
            return replace(life, live="withdrawn", publish_at=None)
        case "restore":
            return replace(life, live="published")
        case "archive":
            return Life("archived")


def _check(life: Life, event: Event, actor: str, note: str) -> None:
    rule = RULES[event]
    if rule.work is not None and life.work not in rule.work:
        raise NotPossible(f"现在不能“{rule.text}”：{_WORK_TEXT[life.work]}。")
    if rule.live is not None and life.live not in rule.live:
        raise NotPossible(f"现在不能“{rule.text}”：条目{_LIVE_TEXT[life.live]}。")
    if event == "approve" and wrote(life, actor):
        raise NotPossible("不能审核自己编写或提交的内容，请由另一位审核员审核。")
    if event == "return" and wrote(life, actor):
        raise NotPossible("不能退回自己编写或提交的内容；需要收回的，请选择“放弃修改”或者直接修改。")
    if event == "publish" and (life.reviewed_by is None or wrote(life, life.reviewed_by)):
        raise NotPossible("还没有由编写人以外的人审核通过，不能发布。")
    if rule.needs_note and not note.strip():
        raise NotPossible(f"“{rule.text}”要写明理由。")


def wrote(life: Life, actor: str) -> bool:
    """Whether this person wrote or submitted the working copy."""
    return actor in life.editors or actor == life.submitted_by


def possible(life: Life, actor: str) -> list[Event]:
    """The steps that this person could take now, their permissions left aside."""
    found: list[Event] = []
    for event in EVENTS:
        try:
            _check(life, event, actor, "-")
        except NotPossible:
            continue
        found.append(event)
    return found


def due(life: Life, now: datetime) -> bool:
    """Whether a scheduled publication has come."""
    return life.work == "reviewed" and life.publish_at is not None and life.publish_at <= now


def stage(
    life: Life, begins: datetime | None, ends: datetime | None, now: datetime, *, expiring_within: timedelta
) -> Stage:
    """The one word for a list. `begins`, `ends`: of what is live (knowledge/entry.py)."""
    if life.live == "none":
        return working(life) or "draft"
    if life.live != "published":
        return life.live
    if ends is not None and now >= ends:
        return "expired"
    if begins is not None and now < begins:
        return "coming"
    return "expiring" if ends is not None and ends - now <= expiring_within else "published"


def working(life: Life) -> Literal["draft", "submitted", "reviewed", "scheduled"] | None:
    """The state of the working copy; None where there is none."""
    if life.work == "none":
        return None
    return "scheduled" if life.publish_at is not None and life.work == "reviewed" else life.work
