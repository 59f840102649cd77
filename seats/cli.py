"""`hotline seat add|list|role|password|disable|enable|logout|forget-factor|contact`: the accounts of the desk, and
where units are told of their orders."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys

from base import settings
from seats import skills
from seats.audit_cli import terminal_actor
from seats.passwords import check_password
from seats.permissions import ROLES
from seats.roster import Roster
from seats.store import SeatError, SeatStore, generate_password
from seats.unit_contacts import UnitContacts
from storage.for_commands import opened


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline seat", description="seat accounts")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="make an account; without a password one is made and printed once")
    add.add_argument("login")
    add.add_argument("--name", default="", help="the name that citizens and colleagues see")
    add.add_argument("--role", default="seat", choices=ROLES)
    add.add_argument("--unit", default="", help="with --role unit: the responsible unit, as orders name it")
    add.add_argument("--new-unit", action="store_true", help="the unit is not one that the rules of dispatch know")
    for name in ("add", "password"):
        found = add if name == "add" else commands.add_parser(name, help="change a password; ends every login")
        if name == "password":
            found.add_argument("login")
        found.add_argument("--ask", action="store_true", help="ask for the password instead of making one")
        found.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    commands.add_parser("list", help="show every account")
    give = commands.add_parser("skills", help="what an account can do, and how many chats it takes at once")
    give.add_argument("login")
    give.add_argument("skills", nargs="?", help=f"comma-separated: {', '.join(skills.default().known)}; '' for none")
    give.add_argument("--chats", type=int, choices=range(1, 21), metavar="1-20")
    role = commands.add_parser("role", help="give an account another role; ends its logins")
    role.add_argument("login")
    role.add_argument("role", choices=ROLES)
    role.add_argument("--unit", default="", help="with the role unit")
    for name, text in (
        ("disable", "close an account and end its logins"),
        ("enable", "open it again"),
        ("logout", "end every login of an account"),
        ("forget-factor", "its telephone is lost: take the second factor away, and end its logins"),
    ):
        commands.add_parser(name, help=text).add_argument("login")
    contact = commands.add_parser("contact", help="the mobile number to which a unit is told of its orders")
    contact.add_argument("unit", nargs="?", help="as orders name it; without it: every unit that has a number")
    contact.add_argument("number", nargs="?", help="11 digits; '' takes it away; without it: show it, masked")
    contact.add_argument("--new-unit", action="store_true", help="the unit is not one that the rules of dispatch know")
    return asyncio.run(_run(parser.parse_args(argv)))


async def _run(asked: argparse.Namespace) -> int:
    chosen = settings.load()
    async with opened(chosen) as database:
        store = SeatStore(database, session_hours=chosen.seats.session_hours)
        if asked.command == "list":
            for seat in await store.accounts():
                state = "open" if seat.enabled else "closed"
                print("\t".join(filter(None, (seat.login, seat.role, state, seat.display_name, seat.unit))))
        elif asked.command == "skills":
            await _give_skills(Roster(database), asked)
        elif asked.command == "role":
            seat = await store.set_role(asked.login, asked.role, unit=asked.unit, actor=terminal_actor())
            print(f"{seat.login}: {seat.role}; its logins have ended")
        elif asked.command == "contact":
            await _contact(UnitContacts(database), asked)
        elif asked.command in ("logout", "forget-factor"):
            await _end(store, asked)
        elif asked.command in ("disable", "enable"):
            seat = await store.set_enabled(asked.login, asked.command == "enable", actor=terminal_actor())
            print(f"{seat.login}: {'open' if seat.enabled else 'closed'}")
        else:
            if asked.command == "add" and asked.unit and not asked.new_unit:
                _check_unit(asked.unit)
            password, told = _password(asked)
            if asked.command == "add":
                await store.add(
                    asked.login,
                    password,
                    display_name=asked.name,
                    role=asked.role,
                    unit=asked.unit,
                    actor=terminal_actor(),
                )
            else:
                await store.set_password(asked.login, password, actor=terminal_actor())
            print(f"{asked.login}: the password is {password} (shown once)" if told else f"{asked.login}: done")
    return 0


async def _end(store: SeatStore, asked: argparse.Namespace) -> None:
    """
    Raises:
        SeatError: no such login.
    """
    seat = next((one for one in await store.accounts() if one.login == asked.login), None)
    if seat is None:
        raise SeatError(f"no seat has the login {asked.login!r}")
    if asked.command == "forget-factor" and not await store.factor.remove(seat.id, actor=terminal_actor()):
        print(f"{seat.login}: had no second factor")
    ended = await store.sessions.end(seat.id, actor=terminal_actor())
    print(f"{seat.login}: {ended} logins ended")


async def _contact(contacts: UnitContacts, asked: argparse.Namespace) -> None:
    """
    Raises:
        SeatError: no order can be dispatched to such a unit.
        UnitContactError: the number takes no short messages.
    """
    if asked.number is not None:
        if asked.number and not asked.new_unit:
            _check_unit(asked.unit)
        await contacts.set(asked.unit, asked.number, actor=terminal_actor())
    for known in await contacts.all():
        if asked.unit in (None, known.unit):
            print(f"{known.unit}\t{known.masked}")


async def _give_skills(roster: Roster, asked: argparse.Namespace) -> None:
    """
    Raises:
        SeatError: no such login, or a skill that the table does not know.
    """
    wanted = None if asked.skills is None else [key.strip() for key in asked.skills.split(",") if key.strip()]
    if unknown := [key for key in wanted or () if key not in skills.default().known]:
        raise SeatError(f"no such skill: {', '.join(unknown)}")
    if not await roster.enlist(asked.login, skills=wanted, chats=asked.chats):
        raise SeatError(f"no seat has the login {asked.login!r}")
    print(f"{asked.login}: done")


def _check_unit(name: str) -> None:
    """
    Raises:
        SeatError: no order can be dispatched to a unit of this name; the message names those that come near.
    """
    from workorders.units import known_units, near  # reads the rules of dispatch and the list of streets

    known = known_units(settings.load().orders.dispatch_file)
    if name in known:
        return
    meant = near(name, known)
    hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
    raise SeatError(f"the rules of dispatch know no unit {name!r}{hint} (--new-unit takes it all the same)")


def _password(asked: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it is to be printed.

    Raises:
        SeatError: it is too short, or was typed differently the second time.
    """
    if asked.password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    elif asked.ask:
        password = getpass.getpass("password: ")
        check_password(password)
        if getpass.getpass("again: ") != password:
            raise SeatError("the two passwords differ: nothing was changed")
    else:
        return generate_password(), True
    check_password(password)
    return password, False
