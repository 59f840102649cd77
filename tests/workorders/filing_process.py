"""Files orders in a process of its own, to be killed: `python filing_process.py DATABASE_URL FIRST LAST`.

Prints a key when its order is stored, as a citizen is told of it: `told KEY ORDER_NO`.
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
UNIT = "海淀区供热办"


def draft(number: int) -> OrderDraft:
    assignment = Assignment(UNIT, "直派", ("海淀区人民政府",), "utility", 24, "供热直派")
    phone = f"139{number:08d}"
    return OrderDraft("投诉", "", "家里暖气不热，已经三天了", "web", contact_phone=phone, assignment=assignment)


async def main(database_url: str, first: str, last: str, messages: str) -> None:
    database, clock = Database(database_url), SystemClock()
    notices = TextMessages(database, FileGateway(Path(messages)), clock=clock)
    outbox = Enqueuer([Target("city", "http://127.0.0.1:9/", SECRET)])
    orders = OrderService(database, clock=clock, outbox=outbox, notices=notices)
    for number in range(int(first), int(last)):
        async with database.write() as session:
            filed = await orders.file(session, draft(number), key=f"key:{number}", now=clock.now(), actor="bot:policy")
        print(f"told key:{number} {filed.order_no}", flush=True)
        await orders.change(filed.order_no, "accept", actor=f"unit:{UNIT}", event_id=f"accept:{number}")
        await notices.send_due()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
