"""A catalogue is swapped while it is used; a bad one never gets in; what was learned is taken over the same way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from base.clock import ManualClock
from base.errors import ConfigurationError
from base.text_model import LinearModel
from storage.engine import Database
from workorders import catalogue_models, live_catalogue
from workorders.catalogue_models import CatalogueModels, TrainingSet
from workorders.duties import IN_USE, Duties, kept_copy, last_good
from workorders.live_catalogue import LiveCatalogue
from workorders.model import OrderDraft
from workorders.service import OrderService

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
RULES = """
version: "1"
duties:
  "01": 区:城建局
  "0201": 区:环保局
lanes: {}
"""
SECOND = FIRST.replace('"1"', '"2"').replace("010101 路灯照明", "010105 照明设施")


PLACES = ("公园", "医院", "学校", "车站", "商场", "菜场", "小区", "胡同", "村口", "河边", "桥头", "广场")
THINGS = ("座椅", "栏杆", "台阶", "厕所", "大门", "路灯", "招牌", "水池", "停车棚", "宣传栏")
TROUBLES = (
    *("松动", "生锈", "倒塌", "丢失", "太脏", "太少", "漏水", "冒烟", "掉漆", "占道"),
    *("上锁", "被拆", "有异味", "没人管", "很晃", "不平", "太高", "收费高", "要增设", "声音大"),
)


def city_of_2400_leaves() -> str:
    lines = ['version: "2"', "levels:"]
    for first, place in enumerate(PLACES):
        lines.append(f"  {first + 50} {place}设施:")
        for second, thing in enumerate(THINGS):
            lines.append(f"    {first + 50}{second:02d} {place}{thing}:")
            lines += [
                f'      "{first + 50}{second:02d}{third:02d} {thing}{trouble}": {place}的{thing}{trouble}；'
                f"我们这边{place}里头{thing}{trouble}，好几天了"
                for third, trouble in enumerate(TROUBLES)
            ]
    return "\n".join(lines)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yml"
    path.write_text(FIRST, "utf-8")
    return path


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The city's own rules of dispatch."""
    path = tmp_path / "rules.yml"
    path.write_text(RULES, "utf-8")
    return path


@asynccontextmanager
async def watched(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: Path | None = None,
    use: Callable[[Duties], None] = lambda duties: None,
) -> AsyncIterator[LiveCatalogue]:
    monkeypatch.setattr(live_catalogue, "_LOOK_SECONDS", 0.02)
    catalogue, stop = LiveCatalogue.load(path, path.parent / "learned.json", rules), asyncio.Event()

    async def pause(seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return stop.is_set()

    watching = asyncio.create_task(catalogue.watch(pause, use))
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


@pytest.mark.long
async def test_the_old_catalogue_answers_until_a_citys_2400_leaves_are_trained(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, training = catalogue_models._fit, threading.Event()

    def watched_fit(data: TrainingSet) -> CatalogueModels:
        training.set()
        try:
            return fit(data)
        finally:
            training.clear()

    async with watched(path, monkeypatch) as catalogue:
        monkeypatch.setattr(catalogue_models, "_fit", watched_fit)
        path.write_text(city_of_2400_leaves(), "utf-8")  # noqa: ASYNC240 (a moment)
        meanwhile, asked = 0, 0
        async with asyncio.timeout(1_200):
            while catalogue.version == "1":
                asked += 1  # another text each time: none is remembered
                (best, *_) = await asyncio.to_thread(catalogue.suggest, f"第{asked}盏路灯不亮了")
                meanwhile += training.is_set()
                if training.is_set():
                    assert (best.code, best.version) == ("010101", "1")
                await asyncio.sleep(0.05)
        assert meanwhile and len(catalogue.leaves) == 2_400 and catalogue.version == "2"
        wanted = {f"{first + 50}{first % 10:02d}{first:02d}": first for first in range(len(PLACES))}
        for code, first in wanted.items():
            told = f"{PLACES[first]}那里的{THINGS[first % 10]}{TROUBLES[first]}，没人来"
            assert code in [one.code for one in catalogue.suggest(told)], told


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


def test_the_citys_own_duties_are_those_of_its_leaves(path: Path, rules: Path) -> None:
    learned = path.parent / "learned.json"
    assert {leaf.duty for leaf in LiveCatalogue.load(path, learned).leaves} == {""}
    catalogue = LiveCatalogue.load(path, learned, rules)
    assert [leaf.duty for leaf in catalogue.leaves] == ["区:城建局", "区:城建局", "区:环保局"]
    (best, *_) = catalogue.suggest("工地夜里施工太吵")
    assert (best.duty, best.of_sample) == ("区:环保局", False)


async def test_new_rules_of_dispatch_are_taken_over_with_their_catalogue_and_bad_ones_are_not(
    path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    orders = OrderService(database, clock=ManualClock(), duties=Duties.load(rules))

    def unit() -> str:
        (category, *_) = catalogue.suggest("工地夜里施工太吵")
        draft = OrderDraft("投诉", "", "夜里工地施工太吵", "web", district="东城区", category=category)
        return orders.assign(draft).unit

    async def becomes(name: str) -> None:
        async with asyncio.timeout(10):
            while unit() != name:  # noqa: ASYNC110 (a file is watched)
                await asyncio.sleep(0.02)

    async with watched(path, monkeypatch, rules, orders.use) as catalogue:
        assert unit() == "东城区环保局"
        rules.write_text(RULES.replace("环保局", "生态环境局"), "utf-8")  # noqa: ASYNC240 (a few bytes)
        await becomes("东城区生态环境局")
        assert catalogue.duties is orders.duties and catalogue.leaves[2].duty == "区:生态环境局"
        for bad in ("duties: [", RULES.replace("区:环保局", "环保局"), 'version: "2"\nduties: {}\n'):
            rules.write_text(bad, "utf-8")  # noqa: ASYNC240 (a few bytes)
            await asyncio.sleep(0.3)
            assert unit() == "东城区生态环境局"
        # Both change: neither alone is ever in use.
        path.write_text(FIRST.replace("施工噪声", "工地噪声"), "utf-8")  # noqa: ASYNC240 (a few bytes)
        await asyncio.sleep(0.3)
        assert catalogue.leaves[2].level3 == "施工噪声"  # the rules beside it are still bad
        rules.write_text(RULES.replace("环保局", "住建局"), "utf-8")  # noqa: ASYNC240 (a few bytes)
        await becomes("东城区住建局")
        assert catalogue.leaves[2].level3 == "工地噪声"


def test_a_restart_beside_bad_rules_uses_the_last_good_ones(path: Path, rules: Path) -> None:
    learned = path.parent / "orders" / "learned.json"
    folder = learned.parent / IN_USE
    rules.write_text("duties: [", "utf-8")
    for load in (lambda: LiveCatalogue.load(path, learned, rules), lambda: last_good(rules, folder)):
        with pytest.raises(ConfigurationError):
            load()  # none were ever in use
    rules.write_text(RULES, "utf-8")
    assert LiveCatalogue.load(path, learned, rules).duties.version == "1"
    rules.write_text("duties: [", "utf-8")
    catalogue = LiveCatalogue.load(path, learned, rules)
    assert catalogue.duties == last_good(rules, folder) == Duties.load(kept_copy(rules, folder))
    assert catalogue.leaves[2].duty == "区:环保局"


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
