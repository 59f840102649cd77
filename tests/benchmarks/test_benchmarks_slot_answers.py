"""What people answer to "your number?" (700) and "where?" (500) is read at least as well as it was."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.slot_answers import DEFAULT, measure

LEAST_OF_HARDER = 0.86  # 0.869 on the half that nobody has read
LEAST = 0.94  # 0.958 to 0.988 when this was written


def test_as_many_as_before_are_read_rightly() -> None:
    results = dict(measure(DEFAULT))
    assert {name: result.n for name, result in results.items() if result.n < 200} == {}
    assert {name: result for name, result in results.items() if result.right / result.n < LEAST} == {}


def test_the_harder_numbers_too() -> None:
    results = dict(measure(DEFAULT.with_name("answers_2026_11_29_late")))
    assert {name: result.n for name, result in results.items()} == {"numbers_dev": 130, "numbers_test": 130}
    assert {name: result for name, result in results.items() if result.right / result.n < LEAST_OF_HARDER} == {}


def test_what_was_not_read_is_told_apart_from_what_was_read_wrongly(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "channel": "web", "text": "13900004417", "number": "13900004417"},
        {"id": "2", "channel": "web", "text": "13900004417", "number": "13900004418"},
        {"id": "3", "channel": "web", "text": "不留", "number": "13900004417"},
        {"id": "4", "channel": "phone", "text": "不留了", "number": None},
    ]
    (tmp_path / "numbers.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    ((_, result),) = measure(tmp_path)
    assert (result.n, result.right, result.wrong, result.not_read) == (4, 2, 1, 1)
