"""What of an order is shown to whom: the citizen with a tracking code, a responsible unit, a seat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from base.clock import local
from base.masking import Masked, mask_text
from base.spelling import with_extension
from storage.tables import Order, OrderEvent
from workorders import answers, correction, event_moments
from workorders.order import EVENT_TEXT, STATUS_TEXT, URGENCY_TEXT, possible


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with everything known; `public()` and `desk()` choose. Keep it out of logs: it holds personal data."""

    order_no: str
    status: str
    request_type: str
    title: str
    unit: str
    deadline_hours: int
    deadline_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    confidential: bool
    fields: dict[str, Any] = field(repr=False)
    events: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def status_text(self) -> str:
        return STATUS_TEXT.get(self.status, self.status)

    def public(self) -> dict[str, Any]:
        """For the citizen who holds the tracking code: progress, no persons, no address, public events only.

        The code may have been overheard or passed on, so of a confidential order not even the title is shown.
        """
        return {
            "order_no": self.order_no,
            "status": self.status,
            "status_text": self.status_text,
            "request_type": self.request_type,
            "title": "（已按您的要求保密）" if self.confidential else self.title,
            "confidential": self.confidential,
            "category": None if self.confidential else self.fields["category_level1"],
            "district": None if self.confidential else self.fields["district"],
            "unit": self.unit,
            "deadline_at": _iso(self.deadline_at),
            "filed_at": _iso(self.created_at),
            "updated_at": _iso(self.updated_at),
            "events": [
                {
                    "event": event["event"],
                    "text": _RENEWED if event["event"] == "correct" else EVENT_TEXT.get(event["event"], event["event"]),
                    "note": event["note"] if event["event"] in _EXPLAINED else "",
                    "at": event["at"],
                }
                for event in self.events
                if event["public"]
            ],
        }

    def desk(self) -> dict[str, Any]:
        """For a seat: everything but who it is, which is opened by a step of its own (`contact`)."""
        return {
            **self.fields,
            **self._happened(),
            "extra": correction.without_former_names(self.fields["extra"]),
            "answers": answers.shown(self.fields["extra"]),
            "contact_name": _masked(self.fields["contact_name"]),
            "contact_phone": _masked(self.fields["contact_phone"]),
            "order_no": self.order_no,
            "status": self.status,
            "status_text": self.status_text,
            "request_type": self.request_type,
            "title": self.title,
            "unit": self.unit,
            "deadline_hours": self.deadline_hours,
            "deadline_at": _iso(self.deadline_at),
            "filed_at": _iso(self.created_at),
            "updated_at": _iso(self.updated_at),
            "version": self.version,
            "confidential": self.confidential,
            "events": [_with_changes(event) for event in self.events],
            "possible": list(possible(self.status, "seat")),  # type: ignore[arg-type]
        }

    def for_unit(self, unit: str) -> dict[str, Any]:
        """For a responsible unit, or one with a copy (then without any step to take): what the citizen said, and whom
        to contact unless that is to be kept secret. The desk's own notes stay in the house."""
        mine = unit == self.unit
        hidden = self.confidential
        return {
            **{name: self.fields[name] for name in _FOR_UNITS},
            **{name: self._told(self.fields[name]) for name in _SAID},
            **self._happened(),
            "answers": answers.shown(self.fields["extra"], self._told),
            "order_no": self.order_no,
            "status": self.status,
            "status_text": self.status_text,
            "request_type": self.request_type,
            "title": self._told(self.title),
            "unit": self.unit,
            "mine": mine,
            "deadline_hours": self.deadline_hours,
            "deadline_at": _iso(self.deadline_at),
            "filed_at": _iso(self.created_at),
            "updated_at": _iso(self.updated_at),
            "version": self.version,
            "confidential": hidden,
            "contact_name": None if hidden else self.fields["contact_name"],
            "contact_phone": None if hidden else to_dial(self.fields["contact_phone"], self.fields["extra"]),
            "events": [
                {
                    "event": event["event"],
                    "text": _event_text(event),
                    "actor": event["actor"].partition(":")[0],
                    "note": self._told(event["note"]) if event["event"] not in IN_THE_HOUSE else "",
                    "at": event["at"],
                }
                for event in self.events
                if event["event"] != "note" or event["actor"] == f"unit:{unit}"
            ],
            "possible": list(possible(self.status, "unit")) if mine else [],  # type: ignore[arg-type]
        }

    def _told(self, words: str | None) -> str | None:
        names = (self.fields["contact_name"], *correction.former_names(self.fields["extra"]))
        return without_person(words, *names) if self.confidential else words

    def _happened(self) -> dict[str, str | None]:
        """The moments that the wording of its time stands for, and how people write them (empty: not known)."""
        moments = event_moments.told(self.fields["extra"])
        start, end = moments[event_moments.START], moments[event_moments.END]
        year = local(self.created_at).year
        return {**moments, "event_moments": event_moments.spelled(self.fields["event_time"], start, end, year=year)}

    def card(self) -> dict[str, Any]:
        """For a list on the desk."""
        full = self.desk()
        full.pop("events")
        return full

    def contact(self) -> dict[str, Any]:
        """Name and number, unmasked; whoever shows them logs it."""
        return {
            "contact_name": self.fields["contact_name"],
            "contact_phone": to_dial(self.fields["contact_phone"], self.fields["extra"]),
        }


def _event_text(event: Mapping[str, Any]) -> str:
    """What happened; of a correction also what it is of, without the words."""
    text, fields = EVENT_TEXT.get(event["event"], event["event"]), event["changes"].get("fields") or ()
    return f"{text}（{correction.in_words(fields)}）" if fields else text


def _with_changes(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event for the desk: of a correction what stood there before and what it is now, persons masked."""
    told, changes = {key: value for key, value in event.items() if key != "changes"}, event["changes"]
    if event["event"] == "correct":
        told["changes"] = [
            {"field": name, "label": correction.LABELS.get(name, name)}
            | {side: _shown_value(name, changes.get(side, {}).get(name)) for side in correction.HELD_BACK}
            for name in changes.get("fields", ())
        ] + [
            {
                "field": f"answer:{at}",
                "label": one["question"],
                "old": f"{one['text']} {one['words']}".strip(),
                "new": "",
            }
            for at, one in enumerate(answers.shown(changes.get("old", {})))
        ]
    return {**told, "text": _event_text(event)}


def _shown_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    text = URGENCY_TEXT.get(value, value) if name == "urgency" else value
    return (_masked(text) if name in correction.CONTACT else text) or ""


def to_dial(number: str | None, extra: Mapping[str, Any]) -> str | None:
    """A number for a person to dial, with the extension that was told."""
    return with_extension(number, extra.get("contact_extension") or "") if number else number


def _masked(value: str | None) -> str | None:
    return str(Masked(value)) if value else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def without_person(text: str | None, *names: str | None) -> str | None:
    """Words of somebody who is to be kept secret: without numbers, and without the names that were given."""
    if not text:
        return text
    for name in sorted({name for name in names if name and len(name) > 1}, key=lambda name: (-len(name), name)):
        text = text.replace(name, "**")
    return mask_text(text)


def names_of(order: Order) -> tuple[str | None, ...]:
    """The contact's name, and those that stood there before it was corrected."""
    return order.contact_name, *correction.former_names(order.extra)


def told_outside(text: str | None, order: Order) -> str | None:
    """Words that stand in an order, for those outside the house: of a secret one without the person."""
    return without_person(text, *names_of(order)) if order.confidential else text


_RENEWED = "办理期限已重新计算"  # what a citizen hears of a correction, and of no other
IN_THE_HOUSE = ("correct",)  # why is for the desk alone
_EXPLAINED = ("answer", "extend", "follow", "follow_extend")  # the reason is for the citizen
_SAID = ("detail", "address", "event_time", "subject", "appeal")
_FOR_UNITS = (
    *("district", "street", "category_level1", "category_level2", "category_level3", "urgency", "dispatch_mode"),
    *("copies", "duplicate_of"),
)
_FIELDS = (
    "channel",
    "detail",
    "district",
    "street",
    "address",
    "event_time",
    "subject",
    "appeal",
    "contact_name",
    "contact_phone",
    "category_level1",
    "category_level2",
    "category_level3",
    "category_confidence",
    "category_code",
    "catalogue_version",
    "urgency",
    "deadline_working_days",
    "dispatch_mode",
    "copies",
    "duplicate_of",
    "conversation_id",
    "matter",
    "created_by",
    "extra",
)


def order_view(order: Order, events: list[OrderEvent]) -> OrderView:
    """A view of a row and its events; holds no session."""
    return OrderView(
        order_no=order.order_no,
        status=order.status,
        request_type=order.request_type,
        title=order.title,
        unit=order.unit or "",
        deadline_hours=order.deadline_hours,
        deadline_at=order.deadline_at,
        created_at=order.created_at,
        updated_at=order.updated_at,
        version=order.version,
        confidential=order.confidential,
        fields={name: getattr(order, name) for name in _FIELDS},
        events=tuple(
            {
                "event": event.event,
                "actor": event.actor,
                "note": event.note,
                "at": event.at.isoformat(),
                "public": event.public,
                "changes": event.data if event.event == "correct" else {},
            }
            for event in events
        ),
    )
