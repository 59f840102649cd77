"""Files orders and moves them in a process of its own, to be killed:
`python filing_process.py DATABASE_URL FIRST LAST MESSAGES`.

Prints a key when its order is stored, as a citizen is told of it: `told KEY ORDER_NO`. Each step has an event id: a
process that begins again, or goes the same way at the same time, does nothing twice.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from base.clock import SystemClock
from storage.engine import Database
from workorders.message_file import FileGateway
from workorders.model import Assignment, OrderDraft
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.targets import Target
from workorders.service import OrderService
from workorders.text_messages import TextMessages

SECRET = b"a secret of the receiver, long enough"
UNIT, OTHER = "海淀区供热办", "海淀区城市管理委员会"
# What is done with each of six orders; `-1`: with the one before. Merged into that are the fourth and the last.
STEPS: tuple[tuple[tuple[int, str], ...], ...] = (
    ((0, "accept"), (0, "answer")),
    ((0, "object"), (0, "overrule"), (0, "accept")),
    ((0, "object"), (0, "uphold")),
    ((0, "merge"),),
    ((0, "accept"),),
    ((0, "merge"), (-1, "answer")),
)
HAPPENS = (
    ("accept", "answer"),
    ("object", "overrule", "accept"),
    ("object", "uphold", "dispatch"),
    ("merge",),
    ("accept", "answer"),
    ("merge", "follow"),
)
_OF_PEOPLE = ("overrule", "uphold", "merge")


def draft(number: int) -> OrderDraft:
    assignment = Assignment(UNIT, "直派", ("海淀区人民政府",), "utility", 24, "供热直派")
    phone = f"139{number:08d}"
    return OrderDraft("投诉", "", "家里暖气不热，已经三天了", "web", contact_phone=phone, assignment=assignment)


async def main(database_url: str, first: str, last: str, messages: str) -> None:
    database, clock = Database(database_url), SystemClock()
    notices = TextMessages(database, FileGateway(Path(messages)), clock=clock)
    outbox = Enqueuer([Target("city", "http://127.0.0.1:9/", SECRET)])
    orders = OrderService(database, clock=clock, outbox=outbox, notices=notices)
    known: dict[int, str] = {}
    for number in range(int(first), int(last)):
        async with database.write() as session:
            filed = await orders.file(session, draft(number), key=f"key:{number}", now=clock.now(), actor="bot:policy")
        print(f"told key:{number} {filed.order_no}", flush=True)
        known[number] = filed.order_no
        for offset, event in STEPS[number % len(STEPS)]:
            actor = "seat:s1" if event in _OF_PEOPLE else f"unit:{UNIT}"
            data = {"unit": OTHER} if event == "uphold" else {"main": known.get(number - 1, "")}
            order, event_id = known[number + offset], f"{event}:{number}"
            await orders.change(order, event, actor=actor, note="说明", data=data, event_id=event_id)
        await notices.send_due()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
