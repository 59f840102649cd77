"""`hotline keys show|rotate|reseal|retire`: the keys of contact data. Each change is an entry of the audit log."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from datetime import datetime
from typing import Final

from base import settings
from base.clock import SystemClock
from seats.audit import AuditLog
from seats.audit_cli import terminal_actor
from storage import migrate
from storage.engine import Database
from storage.keyring import LOOK_AGAIN_SECONDS, KeyFileError, Keyring
from storage.resealing import check_keys, reseal, standing

SETTLE_SECONDS: Final = 3 * LOOK_AGAIN_SECONDS  # after so long no running process seals with an older key any more


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline keys", description="the keys that open contact data")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="keys by id, and how many values each of them sealed")
    commands.add_parser("rotate", help="make a new key; running cores seal everything anew with it")
    commands.add_parser("reseal", help="seal now, without waiting for a core")
    commands.add_parser("retire", help="forget the old keys, once nothing is sealed with them")
    return asyncio.run(_run(parser.parse_args(argv).command))


async def _run(what: str) -> int:
    chosen = settings.load()
    await migrate.upgrade_url(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
    database = Database(
        chosen.database_url,
        busy_timeout_seconds=chosen.database.busy_timeout_seconds,
        keyring=Keyring(lambda: chosen.key_file),
    )
    try:
        await check_keys(database)
        await {"show": _show, "rotate": _rotate, "reseal": _reseal, "retire": _retire}[what](database)
    finally:
        await database.close()
    return 0


async def _show(database: Database) -> None:
    keys = database.keyring.keys
    print(f"{database.keyring.path}")
    for key_id in keys.sealing:
        print(f"{key_id}\t{keys.made_at.get(key_id, '')}{'  current' if key_id == keys.current else ''}")
    for column, counts in (await standing(database)).items():
        print(f"{column}\t" + ", ".join(f"{name} {count}" for name, count in counts.items()))


async def _rotate(database: Database) -> None:
    key_id = database.keyring.rotate()
    await AuditLog(database).record("keys.rotated", actor=terminal_actor(), subject=key_id)
    print(f"{key_id} is the current key; old ones stay for reading. Back the key file up: {database.keyring.path}")


async def _reseal(database: Database) -> None:
    print(f"{await reseal(database)} values sealed with {database.keyring.keys.current}")


async def _retire(database: Database) -> None:
    """
    Raises:
        KeyFileError: something is still sealed with an old key, or plain.
    """
    keys, used = database.keyring.keys, Counter[str]()
    age = SystemClock().now() - datetime.fromisoformat(keys.made_at[keys.current])
    if (left := SETTLE_SECONDS - age.total_seconds()) > 0:
        print("waiting until every core has noticed the new key")
        await asyncio.sleep(left)
    for counts in (await standing(database)).values():
        used.update(counts)
    old = {key_id for key_id in keys.sealing if key_id != keys.current}
    if late := {name: used[name] for name in (*old, "plain") if used[name]}:
        raise KeyFileError(f"not yet: {late}; `hotline keys reseal` seals them with the current key")
    if not old:
        print("there is no old key")
        return
    database.keyring.retire(old)
    await AuditLog(database).record("keys.retired", actor=terminal_actor(), detail={"keys": sorted(old)})
    print(f"retired: {', '.join(sorted(old))}. Backups made before need the key file of then.")
