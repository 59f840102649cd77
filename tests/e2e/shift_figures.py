"""The figures of a shift, counted by hand in the database; of ours only the definitions in `seats/wallboard.py`."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

from base.clock import local
from hotline.trial.system import System
from seats.reports_export import CHANNELS


def ask(system: System, query: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{system.directory / 'hotline.db'}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"


def in_the_database(system: System) -> dict[str, str]:
    """Of the day, as the wall shows them."""
    now = datetime.now(UTC)
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    since = midnight.strftime("%Y-%m-%d %H:%M:%S.%f")
    placed = "id NOT IN (SELECT conversation_id FROM outgoing_calls WHERE conversation_id IS NOT NULL)"
    contacts = ask(system, f"SELECT id, status, outcome FROM conversations WHERE created_at >= ? AND {placed}", since)  # noqa: S608
    waits = ask(
        system, "SELECT ended_by, waited_seconds, asked_at FROM desk_waits WHERE asked_at >= ? AND NOT again", since
    )
    asked_for = {row[0] for row in ask(system, "SELECT conversation_id FROM desk_waits")}
    soon = [how for how, seconds, _ in waits if seconds is not None and seconds <= 15]
    answered = sum(how == "answered" for how, _, _ in waits)
    left = sum(how not in ("", "answered") for how, _, _ in waits)
    late = sum(
        not how and (now - datetime.fromisoformat(at).replace(tzinfo=UTC)).total_seconds() > 15 for how, _, at in waits
    )
    counted = answered + left - sum(how != "answered" for how in soon) + late
    told = [row for row in contacts if row[1] == "ended" and row[2] != "closed"]
    alone = [row for row in told if row[2] in ("answered", "order_filed", "lawful_channel") and row[0] not in asked_for]
    return {
        "contacts": str(len(contacts)),
        "asked": str(len(waits)),
        "service_level": percent(soon.count("answered"), counted),
        "abandonment": percent(sum(how == "abandoned" for how, _, _ in waits), answered + left),
        "containment": percent(len(alone), len(told)),
    }


def counted_for_the_report(system: System) -> dict[str, str]:
    """What the last line of the report's files says, counted by hand: this system is younger than a report's days."""
    ((contacts,),) = ask(system, "SELECT count(*) FROM conversations")
    ((orders,),) = ask(system, "SELECT count(*) FROM orders WHERE filed_at IS NOT NULL")
    ((asked,),) = ask(system, "SELECT count(*) FROM desk_waits WHERE NOT again")
    ((answered,),) = ask(system, "SELECT count(*) FROM desk_waits WHERE NOT again AND ended_by = 'answered'")
    channels = ask(system, "SELECT channel, count(*) FROM conversations GROUP BY channel")
    return {
        "来访量": str(contacts),
        "工单": str(orders),
        "要求人工": str(asked),
        "人工接起": str(answered),
        **{CHANNELS[name]: str(count) for name, count in channels},
    }
