"""`hotline citizens find|erase`: what is known of a telephone number, and forgetting it."""

from __future__ import annotations

import argparse
import asyncio
import sys

from base import settings
from base.masking import Masked
from conversations.erasure import Erasure, Folders
from seats.audit_cli import terminal_actor
from storage.for_commands import opened


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hotline citizens", description="a citizen's number is read from standard input, not from the command line"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("find", help="orders and conversations of the number")
    commands.add_parser("erase", help="forget the citizen, but for orders that are still open")
    asked = parser.parse_args(argv)
    if sys.stdin.isatty():
        print("telephone number: ", end="", flush=True)
    return asyncio.run(_run(asked.command, sys.stdin.readline().strip()))


async def _run(what: str, number: str) -> int:
    chosen = settings.load()
    async with opened(chosen) as database:
        erasure = Erasure(database, Folders.under(chosen.var))
        if what == "erase":
            found = await erasure.erase(number, actor=terminal_actor())
        else:
            found = await erasure.find(number)
    print(f"{Masked(number)}: {'erased' if what == 'erase' else 'would be erased'}")
    print(f"  orders: {', '.join(found.orders) or 'none'}")
    print(f"  conversations: {', '.join(found.conversations) or 'none'}")
    if found.waiting:
        print(f"  still open, kept until they are closed: {', '.join(found.waiting)}")
    return 0
