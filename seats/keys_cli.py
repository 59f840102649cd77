"""`hotline keys show|rotate|reseal|retire`: the keys of contact data, in the database and in this node's files. Each
change is an entry of the audit log."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from datetime import datetime
from typing import Final

from base import settings
from base.clock import SystemClock
from base.settings import Settings
from seats.audit import AuditLog
from seats.audit_cli import terminal_actor
from storage.engine import Database
from storage.file_resealing import files_standing, reseal_files
from storage.for_commands import opened
from storage.keyring import LOOK_AGAIN_SECONDS, KeyFileError
from storage.resealing import check_keys, reseal, standing

SETTLE_SECONDS: Final = 3 * LOOK_AGAIN_SECONDS  # after so long no running process seals with an older key any more


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline keys", description="the keys that open contact data")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="keys by id, and how many values and files each of them sealed")
    commands.add_parser("rotate", help="make a new key; running cores seal everything anew with it")
    commands.add_parser("reseal", help="seal now, without waiting for a core; also files that are plain")
    retire = commands.add_parser("retire", help="forget the old keys, once nothing is sealed with them")
    retire.add_argument(
        "--other-nodes-done", action="store_true", help="`hotline keys reseal` has been run on every other node"
    )
    asked = parser.parse_args(argv)
    return asyncio.run(_run(asked.command, others_done=getattr(asked, "other_nodes_done", False)))


async def _run(what: str, *, others_done: bool) -> int:
    chosen = settings.load()
    async with opened(chosen) as database:
        await check_keys(database)
        if what == "retire" and chosen.cluster.node and not others_done:
            raise KeyFileError(
                "files lie on the node that wrote them: run `hotline keys reseal` on every other node, and then"
                " `hotline keys retire --other-nodes-done`"
            )
        await {"show": _show, "rotate": _rotate, "reseal": _reseal, "retire": _retire}[what](database, chosen)
    return 0


async def _show(database: Database, chosen: Settings) -> None:
    keys = database.keyring.keys
    print(f"{database.keyring.path}")
    for key_id in keys.sealing:
        print(f"{key_id}\t{keys.made_at.get(key_id, '')}{'  current' if key_id == keys.current else ''}")
    files = await asyncio.to_thread(files_standing, chosen.var)
    for column, counts in ((await standing(database)) | {f"{name}/": counts for name, counts in files.items()}).items():
        print(f"{column}\t" + ", ".join(f"{name} {count}" for name, count in counts.items()))


async def _rotate(database: Database, chosen: Settings) -> None:
    key_id = database.keyring.rotate()
    await AuditLog(database).record("keys.rotated", actor=terminal_actor(), subject=key_id)
    print(f"{key_id} is the current key; old ones stay for reading. Back the key file up: {database.keyring.path}")
    files = await asyncio.to_thread(files_standing, chosen.var)
    left = sum(sum(counts.values()) - counts.get("plain", 0) for counts in files.values())
    print(f"{left} files of this node wait for it: its core or `hotline keys reseal` sees to them")


async def _reseal(database: Database, chosen: Settings) -> None:
    print(f"{await reseal(database)} values sealed with {database.keyring.keys.current}")
    done = await asyncio.to_thread(reseal_files, chosen.var, database.keyring, plain_too=chosen.security.seal_files)
    print(f"{done.rewrapped} files follow the key, {done.sealed} that were plain are sealed, {done.left} are left")
    for name in done.broken:
        print(f"does not open: {name}")


async def _retire(database: Database, chosen: Settings) -> None:
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
    for counts in (await asyncio.to_thread(files_standing, chosen.var)).values():
        used.update({name: count for name, count in counts.items() if name != "plain"})  # those need no key
    old = {key_id for key_id in keys.sealing if key_id != keys.current}
    if late := {name: used[name] for name in (*old, "plain") if used[name]}:
        raise KeyFileError(f"not yet: {late}; `hotline keys reseal` seals them with the current key")
    if not old:
        print("there is no old key")
        return
    database.keyring.retire(old)
    await AuditLog(database).record("keys.retired", actor=terminal_actor(), detail={"keys": sorted(old)})
    print(f"retired: {', '.join(sorted(old))}. Backups made before need the key file of then.")
