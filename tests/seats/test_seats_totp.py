"""Codes of the telephone: the vectors of RFC 4226 and RFC 6238, a clock that is off, and a code that is tried twice."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from base.clock import ManualClock
from seats import totp
from seats.audit import AuditLog
from seats.second_factor import RECOVERY_CODES, SecondFactor
from seats.store import SeatStore
from storage.engine import Database

KEY = b"12345678901234567890"
SECRET = base64.b32encode(KEY).decode()
PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    ("counter", "expected"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_codes_of_rfc_4226_appendix_d(counter: int, expected: str) -> None:
    assert totp.code(KEY, counter) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_of_rfc_6238_appendix_b(seconds: int, expected: str) -> None:
    assert totp.code(KEY, seconds // totp.STEP_SECONDS, digits=8) == expected


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    now = datetime(2026, 1, 5, 2, 0, 10, tzinfo=UTC)
    here = totp.step_of(now)
    taken = {off: totp.accepted_step(SECRET, totp.code(KEY, here + off), now, last=None) for off in range(-3, 4)}
    assert taken == {-3: None, -2: None, -1: here - 1, 0: here, 1: here + 1, 2: None, 3: None}
    assert totp.accepted_step(SECRET, "", now, last=None) is None
    assert totp.accepted_step(SECRET, "一二三四五六", now, last=None) is None


def test_a_code_is_good_once_and_none_before_it_is_good_afterwards() -> None:
    now = datetime(2026, 1, 5, 2, 0, 10, tzinfo=UTC)
    here = totp.step_of(now)
    for last, expected in ((here - 1, here), (here, None), (here + 1, None)):
        assert totp.accepted_step(SECRET, totp.code(KEY, here), now, last=last) == expected


def test_what_the_app_reads() -> None:
    secret = totp.new_secret()
    parts = urlsplit(totp.uri(secret, "ann", "北京市12345市民服务热线"))
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path.endswith(":ann")) == ("otpauth", "totp", True)
    assert asked == {"secret": [secret], "issuer": ["北京市12345市民服务热线"], "digits": ["6"], "period": ["30"]}
    assert len(base64.b32decode(secret)) == 20 and totp.new_secret() != secret


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(database: Database, clock: ManualClock) -> SeatStore:
    return SeatStore(database, clock=clock)


def _now(secret: str, clock: ManualClock, ahead: int = 0) -> str:
    return totp.code(base64.b32decode(secret), totp.step_of(clock.now() + timedelta(seconds=30 * ahead)))


async def _enrolled(store: SeatStore, clock: ManualClock) -> tuple[str, SecondFactor, str, list[str]]:
    seat = await store.add("ann", PASSWORD)
    begun = await store.factor.begin(seat.id, "12345")
    assert begun is not None and begun.secret not in repr(begun)
    assert not await store.factor.in_use(seat.id)  # a secret that was shown and never used locks nobody out
    assert await store.factor.confirm(seat.id, "000000" if _now(begun.secret, clock) != "000000" else "1") is None
    codes = await store.factor.confirm(seat.id, _now(begun.secret, clock))
    assert codes is not None and len(set(codes)) == RECOVERY_CODES
    return seat.id, store.factor, begun.secret, codes


async def test_a_factor_is_enrolled_once_and_each_code_opens_once(
    store: SeatStore, database: Database, clock: ManualClock
) -> None:
    seat_id, factor, secret, _ = await _enrolled(store, clock)
    assert await factor.in_use(seat_id) and await factor.begin(seat_id, "12345") is None
    assert not await factor.check(seat_id, _now(secret, clock))  # it has enrolled with this one
    clock.advance(30)
    other = SeatStore(database, clock=clock)  # another core
    code = _now(secret, clock)
    assert await factor.check(seat_id, f"{code[:3]} {code[3:]}")
    assert not await other.factor.check(seat_id, code)
    async with database.engine.connect() as connection:
        stored = (await connection.exec_driver_sql("SELECT totp_secret FROM seats")).scalar_one()
    assert secret not in stored


async def test_a_code_from_paper_opens_once_and_is_stored_as_a_hash(
    store: SeatStore, database: Database, clock: ManualClock
) -> None:
    seat_id, factor, _, codes = await _enrolled(store, clock)
    assert await factor.check(seat_id, codes[3].upper().replace("-", " "))
    assert not await factor.check(seat_id, codes[3])
    assert not await factor.check(seat_id, "zzzzz-zzzzz")
    assert await factor.check(seat_id, codes[4])
    async with database.engine.connect() as connection:
        stored = repr((await connection.exec_driver_sql("SELECT code_hash FROM recovery_codes")).all())
    assert stored.count("$argon2id$") == RECOVERY_CODES and codes[0] not in stored
    seen = [(entry.action, entry.detail) for entry in await AuditLog(database).entries(action="factor.recovery")]
    assert seen == [("factor.recovery", {"left": 8}), ("factor.recovery", {"left": 9})]


async def test_a_lost_telephone_is_forgotten(store: SeatStore, clock: ManualClock) -> None:
    seat_id, factor, secret, codes = await _enrolled(store, clock)
    assert await factor.remove(seat_id, actor="terminal:root") and not await factor.remove(seat_id, actor="x")
    clock.advance(60)
    assert not await factor.check(seat_id, _now(secret, clock)) and not await factor.check(seat_id, codes[0])
    assert await factor.begin(seat_id, "12345") is not None
