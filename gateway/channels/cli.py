"""`hotline channel add|list|rotate|address|enable|disable|dead-letters`: the doors that others keep."""

from __future__ import annotations

import argparse
import asyncio
from datetime import timedelta

from base import settings
from base.clock import SystemClock, local
from base.settings import Settings
from gateway.channels import registry
from gateway.channels.letters import Letters
from gateway.open311.keys import api_key
from storage.engine import Database
from storage.for_commands import opened


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline channel", description="channels of the channel API")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="make a channel; its secret is printed once")
    add.add_argument("name", help="the channel of its conversations and orders: 2 to 16 small letters, digits and _")
    add.add_argument("--title", default="", help="as people call it, e.g. 微博")
    add.add_argument("--url", default="", help="where replies are pushed to; without it the channel fetches them")
    add.add_argument("--messages-a-minute", type=int, default=600, help="of all its citizens together")
    commands.add_parser("list", help="every channel")
    commands.add_parser("rotate", help="make a new secret; the old one is taken a while longer").add_argument("name")
    commands.add_parser("api-key", help="its key for Open311").add_argument("name")
    address = commands.add_parser("address", help="change where replies are pushed to; '' for fetching")
    address.add_argument("name")
    address.add_argument("url")
    for name, text in (("disable", "take nothing from it and tell it nothing"), ("enable", "open it again")):
        commands.add_parser(name, help=text).add_argument("name")
    letters = commands.add_parser("dead-letters", help="messages to a channel that were given up")
    actions = letters.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="oldest first").add_argument("name", nargs="?")
    actions.add_parser("retry", help="try all of a channel again").add_argument("name")
    return asyncio.run(_run(parser.parse_args(argv), settings.load()))


async def _run(asked: argparse.Namespace, chosen: Settings) -> int:
    async with opened(chosen) as database:
        if asked.command == "dead-letters":
            await _dead_letters(Letters(database, chosen.channels), asked)
        elif asked.command == "list":
            await _list(database)
        elif asked.command == "api-key":
            entry = (await registry.Registry(database, clock=SystemClock()).all()).get(asked.name)
            if entry is None:
                raise registry.ChannelError(f"there is no channel {asked.name}")
            print(f"{entry.name}: {api_key(entry.name, entry.secret)}")
        else:
            await _change(database, chosen, asked)
    return 0


async def _change(database: Database, chosen: Settings, asked: argparse.Namespace) -> None:
    now, name = SystemClock().now(), asked.name
    if asked.command in ("enable", "disable"):
        await registry.change(database, name, enabled=asked.command == "enable")
        print(f"{name}: {'open' if asked.command == 'enable' else 'closed'}")
    elif asked.command == "address":
        await registry.change(database, name, url=asked.url)
        print(f"{name}: {'replies are pushed to ' + asked.url if asked.url else 'fetches its replies'}")
    elif asked.command == "rotate":
        lasts = timedelta(hours=chosen.channels.rotation_hours)
        secret = await registry.rotate(database, name, old_lasts=lasts, now=now)
        hours = f"{chosen.channels.rotation_hours:g}"
        print(f"{name}: the secret is {secret} (shown once); the old one is taken for {hours} more hours")
    else:
        secret = await registry.add(
            database,
            name,
            title=asked.title,
            url=asked.url,
            messages_a_minute=max(1, asked.messages_a_minute),
            now=now,
        )
        print(f"{name}: the secret is {secret} (shown once)")


async def _list(database: Database) -> None:
    known = registry.Registry(database, clock=SystemClock())
    for entry in sorted((await known.all()).values(), key=lambda entry: entry.name):
        state = "open" if entry.enabled else "closed"
        print("\t".join((entry.name, state, entry.title, f"{entry.messages_a_minute}/min", entry.url or "fetches")))


async def _dead_letters(letters: Letters, asked: argparse.Namespace) -> None:
    if asked.action == "retry":
        print(f"{await letters.revive(asked.name, SystemClock().now())} messages will be tried again")
        return
    found = await letters.dead(asked.name)
    for letter in found:
        since = f"{local(letter.since):%Y-%m-%d %H:%M}"
        print(f"{letter.message_id} {letter.channel} {since} attempts={letter.attempts} {letter.reason}")
    print(f"{len(found)} dead letters")
