"""The first seat account of a new system: `python -m hotline.setup.first_seat` prints login and password, once.

Prints nothing where there are accounts already. The password is kept nowhere but as its hash.
"""

from __future__ import annotations

import asyncio
import sys

from base.errors import HotlineError
from base.settings import Settings, load
from seats.store import SeatStore, generate_password
from storage.engine import Database

LOGIN = "seat01"


async def ensure(settings: Settings) -> str | None:
    """The new account's password, or None when there is any account."""
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        store = SeatStore(database)
        if await store.accounts():
            return None
        password = generate_password()
        await store.add(LOGIN, password, display_name="一号坐席")
        return password
    finally:
        await database.close()


def main() -> int:
    try:
        password = asyncio.run(ensure(load()))
    except HotlineError as error:
        print(error, file=sys.stderr)
        return 1
    if password is not None:
        print(LOGIN, password)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
