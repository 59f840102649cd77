"""Files made anew from time to time."""

from __future__ import annotations

import os
from pathlib import Path

from base import files


def test_the_newest_stay(tmp_path: Path) -> None:
    for age, name in enumerate(("a-1.npz", "a-2.npz", "a-3.npz", "b-1.npz")):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (age, age))
    files.keep_newest(tmp_path, "a-*.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.npz", "a-3.npz", "b-1.npz"]
    files.keep_newest(tmp_path, "b-*.npz", newest=0)
    assert not list(tmp_path.glob("b-*"))


def test_a_folder_that_is_not_there_stops_nobody(tmp_path: Path) -> None:
    files.keep_newest(tmp_path / "none", "a-*")
