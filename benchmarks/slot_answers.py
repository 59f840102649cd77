"""How answers to "your telephone number?" and "where is it?" are read: `python -m benchmarks.slot_answers [DIR]`.

`DIR/numbers*.jsonl` hold `{"id", "channel", "text", "number"}`, `DIR/places*.jsonl` `{"id", "channel", "text",
"district", "street"}`; null where an attentive seat would have to ask again. Nothing but the two readers is run, no
dialogue: what is not read is asked again there, what is read wrongly is heard at the read-back. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from base.settings import ROOT
from bot.entities import phone, whose_number
from bot.entities.phone import CITY_NUMBER
from bot.entities.place import PlaceMatcher

DEFAULT: Final = ROOT / "tests" / "conversations" / "kit" / "answers_2026_11_29"


@dataclass(frozen=True, slots=True)
class Result:
    """`right`: of `n` answers, as the seat wrote it. `wrong`: something else was read. `not_read`: nothing was."""

    n: int
    right: int
    wrong: int
    not_read: int


def number(text: str, *, spoken: bool) -> str | None:
    """As the dialogue reads it, eight digits by themselves being a land line of this city."""
    if (found := whose_number.told(text, spoken=spoken, asked=True)) is not None:
        return found.number
    row = phone.digits_said(text, spoken=spoken)
    return row if CITY_NUMBER.fullmatch(row) else None


def numbers(rows: list[dict[str, Any]]) -> Result:
    read = [(number(row["text"], spoken=row["channel"] == "phone"), row["number"]) for row in rows]
    return _counted(read)


def places(rows: list[dict[str, Any]], matcher: PlaceMatcher) -> dict[str, Result]:
    """For the district and for the street."""
    found = [matcher.find(row["text"], spoken=row["channel"] == "phone", asked=True) for row in rows]
    return {
        "district": _counted([(f.district or None, row["district"]) for f, row in zip(found, rows, strict=True)]),
        "street": _counted([(f.street or None, row["street"]) for f, row in zip(found, rows, strict=True)]),
    }


def _counted(read: list[tuple[str | None, str | None]]) -> Result:
    right = sum(said == meant for said, meant in read)
    not_read = sum(said is None and meant is not None for said, meant in read)
    return Result(len(read), right, len(read) - right - not_read, not_read)


def measure(folder: Path) -> Iterator[tuple[str, Result]]:
    matcher = PlaceMatcher.load()
    for path in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if path.name.startswith("numbers"):
            yield path.stem, numbers(rows)
        elif path.name.startswith("places"):
            for slot, result in places(rows, matcher).items():
                yield f"{path.stem}: {slot}", result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT)
    results = dict(measure(parser.parse_args().folder))
    print(f"{'answers':22} {'n':>4} {'right':>6} {'wrong':>6} {'not read':>9}")
    for name, result in results.items():
        print(f"{name:22} {result.n:4} {result.right / result.n:6.3f} {result.wrong:6} {result.not_read:9}")
    print(json.dumps({name: asdict(result) for name, result in results.items()}))


if __name__ == "__main__":
    main()
