"""Sealed JSON of a measured system's database, opened: benches read it with plain SQL while the system runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage.keyring import FILE_NAME, Keyring


def json_opener(database: Path, context: str) -> Callable[[str], Any]:
    """What opens the stored values of one column (`table.column`) of this SQLite file; its keys lie beside it."""
    keyring = Keyring(lambda: database.with_name(FILE_NAME))
    return lambda value: json.loads(keyring.open(json.loads(value), context))
