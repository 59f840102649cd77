"""Order numbers and tracking codes: digits only, so that they can be spoken, heard and keyed on a telephone.

An order number is `YYMMDD` (the city's day), a sequence of at least five digits and a check digit: twelve digits in
practice, read out in three groups of four. A tracking code is eight random digits and a check digit. The check digit
(Damm, 2004) catches every single wrong digit and every swap of two neighbours, which is what people and recognisers
get wrong.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from base.clock import local

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_ORDER_NO = re.compile(r"\d{6}\d{5,8}\d")
_TRACKING_CODE = re.compile(r"\d{9}")
_HASH_ROUNDS = 2_000  # about a millisecond: nine digits must not be read back from a stolen table at no cost


def check_digit(digits: str) -> str:
    """The Damm check digit of a string of ASCII digits."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def counter_name(now: datetime) -> str:
    """The counter (`storage.engine.next_value`) that numbers the orders of the city's present day."""
    return f"orders:{local(now):%y%m%d}"


def order_no(now: datetime, sequence: int) -> str:
    """The number of the `sequence`-th order of the day, from 1."""
    if sequence < 1:
        raise ValueError(f"an order's sequence counts from 1, not {sequence}")
    digits = f"{local(now):%y%m%d}{sequence:05d}"
    return digits + check_digit(digits)


def valid_order_no(text: str) -> bool:
    """Whether `text` has the shape of an order number and its check digit is right; says nothing of its existence."""
    return _ORDER_NO.fullmatch(text) is not None and text.isascii() and check_digit(text) == "0"


def new_tracking_code() -> str:
    digits = f"{secrets.randbelow(10**8):08d}"
    return digits + check_digit(digits)


def valid_tracking_code(text: str) -> bool:
    return _TRACKING_CODE.fullmatch(text) is not None and text.isascii() and check_digit(text) == "0"


def normalise(text: str) -> str:
    """A number as a person wrote it (spaces, dashes, full-width digits) with only its ASCII digits left."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


def tracking_hash(number: str, code: str) -> str:
    """What is stored of a tracking code: 64 hexadecimal characters, salted with the order's number."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), f"order:{number}".encode(), _HASH_ROUNDS).hex()


def tracking_matches(number: str, code: str, stored: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(tracking_hash(number, code), stored)
