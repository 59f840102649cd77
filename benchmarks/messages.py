"""Danger in single messages: `python -m benchmarks.messages DIR`, which reads `DIR/messages.jsonl`.

A line: `id`, `channel` (`phone` or `web`), `text`, `expect` (`emergency`, `none`, or `either` where experts differ:
counted apart), `lines` (which of 110, 119, 120, 122 are right; may be empty). Every message opens a conversation of
its own with the whole dialogue; the last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from base import logs
from base import settings as base_settings
from base.settings import Settings
from bot import wording
from conversations.evaluation import Stack
from conversations.messages import Channel, CitizenTurn
from storage.engine import Database
from storage.tables import Conversation

EXPECTED: Final = ("emergency", "none", "either")


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    channel: Channel
    text: str
    expect: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """`line` is empty where no danger was found; `outcome` may be None."""

    message: Message
    outcome: str | None
    line: str
    reply: str

    @property
    def cautioned(self) -> bool:
        return wording.EMERGENCY_CAUTION in self.reply


def read(folder: Path) -> list[Message]:
    """
    Raises:
        ValueError: a line is no message.
    """
    messages = []
    for number, line in enumerate((folder / "messages.jsonl").read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        if row["expect"] not in EXPECTED:
            raise ValueError(f"messages.jsonl, line {number}: expect {row['expect']!r}")
        messages.append(Message(row["id"], row["channel"], row["text"], row["expect"], tuple(row["lines"])))
    return messages


async def listen(messages: list[Message], settings: Settings) -> list[Heard]:
    with tempfile.TemporaryDirectory(prefix="hotline-messages-") as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/messages.db")
        stack = Stack(settings, database)
        try:
            service = await stack.start()
            heard = []
            for message in messages:
                result = await service.citizen_turn(None, CitizenTurn(message.text, message.channel))
                async with database.read() as session:
                    row = await session.get(Conversation, result.conversation_id)
                told = row.outcome_detail if row is not None else {}
                line = str(told.get("emergency_line", ""))
                heard.append(Heard(message, result.outcome, line, " ".join(r.text for r in result.replies)))
            return heard
        finally:
            await stack.close()


def summary(heard: list[Heard]) -> dict[str, float | int]:
    """Shares of 0..1; the line is counted over the emergencies that were found.

    `cautioned`: told in one sentence whom to call should there be a danger, and served as everybody else.
    """
    of = {name: [h for h in heard if h.message.expect == name] for name in EXPECTED}
    found = {name: [h for h in rows if h.outcome == "emergency"] for name, rows in of.items()}
    lined = [h for h in found["emergency"] if h.message.lines]
    return {
        "emergencies": len(of["emergency"]),
        "recall": round(len(found["emergency"]) / max(1, len(of["emergency"])), 3),
        "line": round(sum(h.line in h.message.lines for h in lined) / max(1, len(lined)), 3),
        "recall_or_cautioned": round(
            sum(h.outcome == "emergency" or h.cautioned for h in of["emergency"]) / max(1, len(of["emergency"])), 3
        ),
        "near_misses": len(of["none"]),
        "false_alarm": round(len(found["none"]) / max(1, len(of["none"])), 3),
        "cautioned": round(sum(h.cautioned for h in of["none"]) / max(1, len(of["none"])), 3),
        "either": len(of["either"]),
        "either_to_a_line": len(found["either"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="the JSON object alone: name no message")
    arguments = parser.parse_args()
    logs.configure("evaluation", "ERROR")
    settings = base_settings.load()
    settings = settings.model_copy(update={"rasa": settings.rasa.model_copy(update={"enabled": False})})
    heard = asyncio.run(listen(read(arguments.folder), settings))
    if not arguments.json:
        for h in heard:
            wrong = h.message.expect != "either" and (h.outcome == "emergency") != (h.message.expect == "emergency")
            other = h.outcome == "emergency" and h.message.lines and h.line not in h.message.lines
            if wrong or other or h.message.expect == "either":
                print(f"{h.message.id} {h.message.expect} -> {h.outcome} {h.line}: {h.message.text} | {h.reply[:60]}")
    print(json.dumps(summary(heard), ensure_ascii=False))


if __name__ == "__main__":
    main()
