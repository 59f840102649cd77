"""A catalogue is swapped while it is used; a bad one never gets in; what was learned is taken over the same way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from base.errors import ConfigurationError
from base.text_model import LinearModel
from workorders import live_catalogue
from workorders.live_catalogue import LiveCatalogue

FIRST = """
version: "1"
levels:
  01 城乡建设:
    0101 市政:
      010101 路灯照明: 路灯不亮；灯坏了没人修
      010102 井盖缺损: 井盖丢了；井盖破损
  02 环境保护:
    0201 噪声:
      020101 施工噪声: 工地夜里施工太吵；打桩声音大
"""
SECOND = FIRST.replace('"1"', '"2"').replace("010101 路灯照明", "010105 照明设施")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yml"
    path.write_text(FIRST, "utf-8")
    return path


@asynccontextmanager
async def watched(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LiveCatalogue]:
    monkeypatch.setattr(live_catalogue, "_LOOK_SECONDS", 0.02)
    catalogue, stop = LiveCatalogue.load(path, path.parent / "learned.json"), asyncio.Event()

    async def pause(seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return stop.is_set()

    watching = asyncio.create_task(catalogue.watch(pause))
    try:
        yield catalogue
    finally:
        stop.set()
        await watching


async def _until(catalogue: LiveCatalogue, code: str) -> None:
    async with asyncio.timeout(10):
        while catalogue.suggest("路灯不亮了")[0].code != code:  # noqa: ASYNC110 (a file is watched)
            await asyncio.sleep(0.02)


async def test_a_new_version_answers_within_seconds_and_old_codes_stay_explained(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(path, monkeypatch) as catalogue:
        before = catalogue.suggest("路灯不亮了")[0]
        assert (before.code, before.version) == ("010101", "1")
        path.write_text(SECOND, "utf-8")  # noqa: ASYNC240 (a few bytes)
        await _until(catalogue, "010105")
        after = catalogue.suggest("路灯不亮了")[0]
        assert (after.level3, after.version, catalogue.version) == ("照明设施", "2", "2")
        assert "目录已更新" in catalogue.explain("路灯不亮了", before)


@pytest.mark.parametrize("bad", ["version: [", SECOND.replace("020101", "010105"), 'version: "3"\nlevels: {}\n'])
async def test_a_bad_file_is_refused_and_the_next_good_one_is_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    async with watched(path, monkeypatch) as catalogue:
        path.write_text(bad, "utf-8")  # noqa: ASYNC240 (a few bytes)
        await asyncio.sleep(0.3)
        assert catalogue.version == "1" and catalogue.suggest("路灯不亮了")[0].code == "010101"
        path.write_text(SECOND, "utf-8")  # noqa: ASYNC240 (a few bytes)
        await _until(catalogue, "010105")
        path.unlink()  # noqa: ASYNC240 (as when an editor replaces a file)
        await asyncio.sleep(0.3)
        assert catalogue.version == "2"


def test_a_restart_beside_a_bad_file_uses_the_last_good_one(path: Path) -> None:
    learned = path.parent / "orders" / "learned.json"
    good = path.read_text("utf-8")
    path.write_text("version: [", "utf-8")
    with pytest.raises(ConfigurationError):
        LiveCatalogue.load(path, learned)  # none was ever in use
    path.write_text(good, "utf-8")
    assert LiveCatalogue.load(path, learned).version == "1"
    path.write_text("version: [", "utf-8")
    assert LiveCatalogue.load(path, learned).suggest("路灯不亮了")[0].code == "010101"


def test_a_broken_file_of_learned_examples_costs_only_what_was_learned(path: Path) -> None:
    learned = path.parent / "learned.json"
    learned.write_text("{", "utf-8")
    assert LiveCatalogue.load(path, learned).suggest("路灯不亮了")[0].code == "010101"


def test_a_restart_need_not_train_again_and_changed_or_broken_models_are_never_used(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []
    fit = LinearModel.fit

    def counted(self: LinearModel, matrix: Any, labels: Sequence[str], **more: Any) -> LinearModel:
        trained.append(len(labels))
        return fit(self, matrix, labels, **more)

    monkeypatch.setattr(LinearModel, "fit", counted)
    learned, folder = path.parent / "learned.json", path.parent / "catalogue-models"
    first = LiveCatalogue.load(path, learned).suggest("路灯不亮了，工地也吵")
    assert trained
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    trained.clear()
    assert LiveCatalogue.load(path, learned).suggest("路灯不亮了，工地也吵") == first and not trained
    path.write_text(FIRST.replace("打桩声音大", "半夜打桩"), "utf-8")  # under the same version
    LiveCatalogue.load(path, learned)
    assert trained and len(list(folder.iterdir())) == 1 and not kept.exists()
    (kept,) = folder.iterdir()
    trained.clear()
    kept.write_bytes(b"half a file")
    assert LiveCatalogue.load(path, learned).suggest("路灯不亮了")[0].code == "010101" and trained
