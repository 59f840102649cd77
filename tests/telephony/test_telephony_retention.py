from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from telephony.retention import Deleted, RecordedFile, RetentionRules, due, recorded_files, sweep

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def file(days_old: int, size: int = 100, *, hours: float = 5.0) -> RecordedFile:
    day = date(2026, 3, 1) - timedelta(days=days_old)
    modified = NOW - timedelta(days=days_old, hours=hours)
    return RecordedFile(Path(f"{day}/{size}.wav"), day, size, modified)


def test_what_is_too_old_goes_oldest_first() -> None:
    files = [file(10), file(31), file(30), file(400)]
    assert due(files, RetentionRules(days=30), NOW) == [file(400), file(31)]
    assert due(files, RetentionRules(days=0), NOW) == []


def test_the_day_is_the_citys() -> None:
    late = datetime(2026, 2, 28, 17, 0, tzinfo=UTC)  # already the first of March in the city
    assert due([file(30), file(31)], RetentionRules(days=30), late) == [file(31)]


def test_beyond_the_limit_the_oldest_go_until_the_rest_fits_but_never_what_is_being_written() -> None:
    files = [file(3, 500), file(2, 500), file(1, 500), file(0, 900, hours=0.2)]
    assert due(files, RetentionRules(limit_bytes=1_500), NOW) == [file(3, 500), file(2, 500)]
    assert due(files, RetentionRules(limit_bytes=10), NOW) == [file(3, 500), file(2, 500), file(1, 500)]
    assert due(files, RetentionRules(limit_bytes=2_400), NOW) == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 1_000)), max_size=40),
    st.integers(0, 40),
    st.integers(0, 9_000),
)
def test_what_stays_is_young_and_fits(made: list[tuple[int, int]], days: int, limit_bytes: int) -> None:
    files = [file(days_old, size) for days_old, size in made]
    going = due(files, RetentionRules(days, limit_bytes), NOW)
    staying = list(files)
    for gone in going:
        staying.remove(gone)
    assert [gone.day for gone in going] == sorted(gone.day for gone in going)
    if days:
        assert all((date(2026, 3, 1) - kept.day).days <= days for kept in staying)
    if limit_bytes:
        assert sum(kept.bytes for kept in staying) <= limit_bytes
    if not days and not limit_bytes:
        assert going == []


def test_the_sweep_deletes_files_and_empty_days_and_touches_nothing_else(tmp_path: Path) -> None:
    for name in ("2026-01-01/a.wav", "2026-01-01/b.wav", "2026-02-27/c.wav", "notes/d.wav", "2026-01-02/e.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(50))
        os.utime(path, (NOW.timestamp() - 86_400, NOW.timestamp() - 86_400))
    assert len(recorded_files(tmp_path)) == 3
    assert sweep(tmp_path, RetentionRules(days=30), NOW) == Deleted(2, 100)
    assert sweep(tmp_path, RetentionRules(days=30), NOW) == Deleted()
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["2026-01-02/e.txt", "2026-02-27/c.wav", "notes/d.wav"]
    assert not (tmp_path / "2026-01-01").exists()
    assert sweep(tmp_path / "nowhere", RetentionRules(days=30), NOW) == Deleted()
