"""Accounts and logins: what is stored, what is checked, what the command does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from base.clock import ManualClock
from base.sections.node import DatabaseSettings, DataSettings
from base.settings import Settings
from seats.cli import command
from seats.passwords import COST, Passwords
from seats.store import SeatError, SeatStore, generate_password
from seats.unit_contacts import UnitContactError
from storage.engine import Database
from storage.tables import Seat, SeatSession

PASSWORD = "correct horse battery"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(database: Database, clock: ManualClock) -> SeatStore:
    return SeatStore(database, clock=clock, session_hours=12)


async def test_neither_password_nor_token_is_stored(store: SeatStore, database: Database) -> None:
    seat = await store.add("ann", PASSWORD)
    token = await store.open_session(seat.id)
    async with database.read() as session:
        account = (await session.execute(select(Seat))).scalar_one()
        login = (await session.execute(select(SeatSession))).scalar_one()
    assert account.password_hash.startswith("$argon2id$") and PASSWORD not in account.password_hash
    assert token not in login.token_hash and len(token) >= 43


async def test_a_password_costs_what_the_rfc_advises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seats.passwords.COST", COST)  # as imported: the other tests' is less (tests/conftest.py)
    assert (await Passwords().hash(PASSWORD)).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_only_the_right_password_of_an_open_account_opens(store: SeatStore) -> None:
    seat = await store.add("ann", PASSWORD, display_name="安")
    assert await store.verify("ann", PASSWORD) == seat
    assert await store.verify("ann", PASSWORD + " ") is None
    assert await store.verify("bob", PASSWORD) is None
    assert await store.verify("ann", "x" * 10_000) is None
    await store.set_enabled("ann", False)
    assert await store.verify("ann", PASSWORD) is None


async def test_an_unknown_login_costs_a_hash_as_well(store: SeatStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.add("ann", PASSWORD)
    checked: list[str] = []
    real = PasswordHasher.verify

    def counted(self: PasswordHasher, hashed: str, password: str) -> bool:
        checked.append(hashed)
        return bool(real(self, hashed, password))

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for login in ("ann", "nobody", "x" * 100):
        assert await store.verify(login, "wrong password") is None
    assert len(checked) == 3 and all(hashed.startswith("$argon2id$") for hashed in checked)


async def test_sessions_end_by_time_by_logout_and_with_the_account(store: SeatStore, clock: ManualClock) -> None:
    seat = await store.add("ann", PASSWORD)
    token = await store.open_session(seat.id)
    found = await store.identify(token)
    assert found is not None and found.id == seat.id
    assert await store.identify("nonsense\ud800") is None
    clock.advance(12 * 3600 + 1)
    assert await store.identify(token) is None
    first, second = await store.open_session(seat.id), await store.open_session(seat.id)
    await store.close_session(first)
    assert await store.identify(first) is None and await store.identify(second) is not None
    await store.set_password("ann", "another long password")
    assert await store.identify(second) is None
    third = await store.open_session(seat.id)
    await store.set_enabled("ann", False)
    assert await store.identify(third) is None


@pytest.mark.parametrize(
    ("login", "password", "role"),
    [("", PASSWORD, "seat"), ("a b", PASSWORD, "seat"), ("ann", "short", "seat"), ("ann", PASSWORD, "king")],
)
async def test_accounts_that_cannot_be(store: SeatStore, login: str, password: str, role: str) -> None:
    with pytest.raises(SeatError):
        await store.add(login, password, role=role)
    assert await store.accounts() == []


async def test_a_login_is_given_once(store: SeatStore) -> None:
    await store.add("ann", PASSWORD)
    with pytest.raises(SeatError, match="already"):
        await store.add("ann", PASSWORD)
    with pytest.raises(SeatError, match="no seat"):
        await store.set_enabled("bob", True)
    with pytest.raises(SeatError, match="no seat"):
        await store.set_password("bob", PASSWORD)


def test_generated_passwords_are_long_and_different() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50 and all(len(password) == 19 for password in made)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = Settings(data=DataSettings(directory=tmp_path / "var"), database=DatabaseSettings(url=""))
    monkeypatch.setattr("base.settings.load", lambda: chosen)
    assert command(["add", "ann", "--name", "安"]) == 0
    told = capsys.readouterr().out
    assert "shown once" in told
    monkeypatch.setattr("sys.stdin", io.StringIO("a password from a pipe\n"))
    assert command(["add", "bob", "--role", "leader", "--password-stdin"]) == 0
    assert "password is" not in capsys.readouterr().out
    assert command(["disable", "ann"]) == 0 and command(["list"]) == 0
    assert "ann\tseat\tclosed\t安\nbob\tleader\topen\tbob\n" in capsys.readouterr().out
    typed = iter(["a typed password", "another password"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    with pytest.raises(SeatError, match="differ"):
        command(["password", "bob", "--ask"])
    with pytest.raises(SystemExit):
        command(["add"])


async def test_an_account_of_a_unit_has_its_unit_and_no_other_has_one(store: SeatStore) -> None:
    for role, unit in (
        ("unit", ""),
        ("unit", "  "),
        ("seat", "市热力集团"),
        ("admin", "市热力集团"),
        ("unit", "长" * 129),
    ):
        with pytest.raises(SeatError):
            await store.add("ann", PASSWORD, role=role, unit=unit)
    await store.add("ann", PASSWORD, role="unit", unit="市热力集团")
    seat = await store.verify("ann", PASSWORD)
    assert seat is not None and (seat.role, seat.unit) == ("unit", "市热力集团")


def test_the_command_knows_the_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = Settings(data=DataSettings(directory=tmp_path / "var"))
    monkeypatch.setattr("base.settings.load", lambda: chosen)
    with pytest.raises(SeatError, match="市热力集团"):
        command(["add", "heat", "--role", "unit", "--unit", "市热力公司集团"])
    assert command(["add", "heat", "--role", "unit", "--unit", "市热力集团"]) == 0
    assert command(["add", "own", "--role", "unit", "--unit", "自定的单位", "--new-unit"]) == 0
    assert command(["list"]) == 0
    assert "市热力集团" in capsys.readouterr().out


def test_the_command_gives_units_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = Settings(data=DataSettings(directory=tmp_path / "var"))
    monkeypatch.setattr("base.settings.load", lambda: chosen)
    with pytest.raises(SeatError, match="市热力集团"):
        command(["contact", "市热力公司集团", "13700001111"])
    with pytest.raises(UnitContactError):
        command(["contact", "市热力集团", "010-12345678"])
    assert command(["contact", "市热力集团", "13700001111"]) == 0
    assert command(["contact", "自定的单位", "13600002222", "--new-unit"]) == 0
    capsys.readouterr()
    assert command(["contact"]) == 0
    assert capsys.readouterr().out == "市热力集团\t137****1111\n自定的单位\t136****2222\n"
    assert command(["contact", "市热力集团", ""]) == 0 and command(["contact", "市热力集团"]) == 0
    assert capsys.readouterr().out == ""
