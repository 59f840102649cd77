"""Service points: tables in, the nearest out, and honest words where the place is not known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from base.clock import ManualClock
from knowledge.errors import ImportRefused, KnowledgeError
from knowledge.points import kinds, samples, store
from knowledge.points.coordinates import distance_m, gcj02_of, to_wgs84
from knowledge.points.finder import Around, Located, PointFinder
from knowledge.points.grid import Grid
from knowledge.points.importer import Defaults, read_points
from knowledge.points.point import ServicePoint
from knowledge.points.service import PointService, Where
from storage import migrate
from storage.engine import Database

BOUNDS = kinds.default().bounds
HEAD = "编号,名称,类型,地址,经度,纬度,区,街道,电话\n"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/points.db")
    await migrate.upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def points(database: Database) -> AsyncIterator[PointService]:
    table = read_points(samples.TABLE, bounds=BOUNDS)
    await store.save(database, table, now=ManualClock().now())
    service = PointService(database, poll_seconds=0.05)
    await service.start()
    yield service
    await service.close()


def table(tmp_path: Path, rows: str, head: str = HEAD) -> Path:
    path = tmp_path / "points.csv"
    path.write_text(head + rows, encoding="utf-8")
    return path


def test_every_wrong_row_is_named_and_nothing_is_read(tmp_path: Path) -> None:
    rows = (
        "1,好的点位,派出所,某路1号,116.40,39.90,东城区,,110\n"
        "2,反了,派出所,某路2号,39.90,116.40,,,\n"
        "3,太远,派出所,某路3号,121.47,31.23,,,\n"
        "4,不是数字,派出所,某路4号,东经116,39.9,,,\n"
        "5,没有地址,派出所,,116.40,39.90,,,\n"
        "1,又一个,派出所,某路6号,116.40,39.90,,,\n"
        "7,电话,派出所,某路7号,116.40,39.90,,,打听\n"
        "8,无穷,派出所,某路8号,inf,39.90,,,\n"
    )
    with pytest.raises(ImportRefused) as refused:
        read_points(table(tmp_path, rows), bounds=BOUNDS)
    told = {problem.row: problem.message for problem in refused.value.problems}
    assert set(told) == {2, 3, 4, 5, 6, 7, 8}
    assert "写反" in told[2] and "不在本市" in told[3] and "经度：不是数字" in told[4]
    assert "地址：没有填写" in told[5] and "第1行" in told[6] and "电话" in told[7] and "经度" in told[8]


def test_excel_jsonl_and_csv_give_the_same_points(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "名称", "类型", "地址", "经度", "纬度", "电话"])
    sheet.append([7.0, "月坛派出所", "派出所", "月坛南街1号", 116.345, 39.915, 68012345.0])
    book.save(tmp_path / "points.xlsx")
    line = '{"id": "7", "name": "月坛派出所", "kind": "派出所", "address": "月坛南街1号", "longitude": 116.345, '
    (tmp_path / "points.jsonl").write_text(line + '"latitude": 39.915, "phone": "68012345"}\n', encoding="utf-8")
    written = table(tmp_path, "7,月坛派出所,派出所,月坛南街1号,116.345,39.915,,,68012345\n")
    known = Defaults("示例公安局", "2026-01-05")
    read = [
        read_points(path, bounds=BOUNDS, defaults=known, locate=lambda address: ("西城区", "月坛街道"))
        for path in (tmp_path / "points.xlsx", tmp_path / "points.jsonl", written)
    ]
    assert read[0] == read[1] == read[2]
    assert read[0][0].street == "月坛街道" and read[0][0].source == "示例公安局"
    sheet.append(["=6+2", "德胜派出所", "派出所", "德胜门外大街1号", 116.37, 39.96, None])
    book.save(tmp_path / "formula.xlsx")
    with pytest.raises(ImportRefused) as refused:
        read_points(tmp_path / "formula.xlsx", bounds=BOUNDS)
    assert [(problem.row, "公式" in problem.message) for problem in refused.value.problems] == [(2, True)]
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(KnowledgeError):
        read_points(tmp_path / "broken.xlsx", bounds=BOUNDS)


@given(st.floats(115.4, 117.5), st.floats(39.5, 41.0))
def test_a_chinese_map_and_back_again_is_the_same_place(longitude: float, latitude: float) -> None:
    shown = gcj02_of(longitude, latitude)
    assert 100 < distance_m(shown, (longitude, latitude)) < 900
    assert distance_m(to_wgs84(*shown, "gcj02"), (longitude, latitude)) < 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 6))
def test_the_grid_finds_what_a_full_search_finds(seed: int, count: int, limit: int) -> None:
    random = np.random.default_rng(seed)
    metres = random.normal(0, 8_000, (count, 2))
    place = random.normal(0, 15_000, 2)
    rows, distances = Grid(metres).nearest(place, limit)
    expected = np.sort(np.hypot(*(metres - place).T))[:limit]
    assert len(set(rows.tolist())) == len(rows) and np.allclose(distances, expected)


async def test_an_import_again_changes_nothing_and_a_complete_one_removes(database: Database, tmp_path: Path) -> None:
    now = ManualClock().now()
    rows = [ServicePoint(f"p{n}", f"点位{n}", "派出所", "某路", 116.4, 39.9, source="局") for n in range(1_200)]
    assert (await store.save(database, rows, now=now)).added == 1_200
    async with database.read() as session:
        before = await store.revision(session)
    again = await store.save(database, rows, now=now)
    assert (again.unchanged, again.added, again.changed) == (1_200, 0, 0)
    fewer = [replace(rows[0], phone="110"), *rows[1:1_000]]
    change = await store.save(database, fewer, now=now, complete_sources=frozenset({"局"}))
    assert (change.changed, change.removed) == (1, 200)
    async with database.read() as session:
        assert await store.revision(session) == before + 1
        assert dict(await store.kinds(session)) == {"派出所": 1_000}


async def test_the_nearest_by_street_by_landmark_and_by_coordinates(points: PointService) -> None:
    street = await points.nearest("派出所", Where("海淀区", "学院路街道"))
    assert street.verdict == "found" and street.points[0].point.street == "学院路街道"
    away = [near.distance_m or 0 for near in street.points]
    assert away == sorted(away) and len(away) == 3
    first = street.points[0].point
    here = await points.nearest("派出所", Where(coordinates=(first.longitude, first.latitude)))
    assert here.points[0].point == first and here.points[0].distance_m == 0
    mark = await points.nearest("公共厕所", Where(landmark="望京街道示例路"))
    assert mark.verdict == "found" and mark.points[0].point.street == "望京街道"


async def test_an_unknown_or_ambiguous_place_is_asked_for(points: PointService) -> None:
    assert (await points.nearest("派出所", Where())).verdict == "where"
    assert (await points.nearest("派出所", Where(landmark="不存在的大厦"))).verdict == "unknown_place"
    assert (await points.nearest("车管所", Where("海淀区"))).verdict == "none"
    choices = (("朝阳区", "八里庄街道"), ("海淀区", "八里庄街道"))
    both = await points.nearest("派出所", Where(choices=choices))
    assert both.verdict == "which_place" and both.choices == ("朝阳区八里庄街道", "海淀区八里庄街道")
    scattered = await points.nearest("派出所", Where(landmark="示例路"))
    assert scattered.verdict == "which_place" and len(scattered.choices) == 3
    listed = await points.nearest("派出所", Where("海淀区"))
    assert listed.verdict == "listed" and listed.total == 3
    assert {near.point.district for near in listed.points} == {"海淀区"}


async def test_a_removed_point_is_gone_at_once_and_a_new_one_is_there_soon(
    points: PointService, database: Database
) -> None:
    import asyncio

    first = (await points.nearest("派出所", Where("海淀区", "学院路街道"))).points[0].point
    moved = replace(first, id="new", name="新派出所", source="局")
    await store.save(database, [moved], now=ManualClock().now())
    for _ in range(100):
        if "新派出所" in points.names:
            break
        await asyncio.sleep(0.02)
    assert (await points.named("新派出所")).points[0].point == moved
    await store.save(
        database, [replace(first, id="other", source="局")], now=ManualClock().now(), complete_sources=frozenset({"局"})
    )
    near = await points.nearest("派出所", Where("海淀区", "学院路街道"))
    assert "new" not in [found.point.id for found in near.points]


def beside(number: int, district: str, street: str, east_m: float, *, sample: bool = False) -> Located:
    """So many metres east of a place in the city."""
    longitude = 116.35 + east_m / (111_195 * np.cos(np.radians(39.99)))
    return Located(f"p{number}", "派出所", f"所{number}", district, street, float(longitude), 39.99, sample)


@pytest.mark.parametrize(
    ("neighbours", "told"),
    [
        ((), None),
        ((("海淀区", "学院路街道", 200),), Around("海淀区", "学院路街道")),
        ((("海淀区", "学院路街道", 1_200),), None),  # too far away to say anything
        ((("海淀区", "学院路街道", 100), ("海淀区", "花园路街道", -110)), Around("海淀区")),  # by a border
        ((("海淀区", "学院路街道", 100), ("海淀区", "花园路街道", 900)), Around("海淀区", "学院路街道")),
        ((("海淀区", "学院路街道", 300), ("朝阳区", "望京街道", -300)), None),
        ((("海淀区", "", 100), ("海淀区", "学院路街道", 400)), Around("海淀区")),  # the nearest tells no street
        ((("", "学院路街道", 10), ("海淀区", "学院路街道", 400)), Around("海淀区", "学院路街道")),
    ],
)
def test_where_a_place_is_as_its_neighbours_tell(
    neighbours: tuple[tuple[str, str, float], ...], told: Around | None
) -> None:
    finder = PointFinder([beside(number, *neighbour) for number, neighbour in enumerate(neighbours)])
    assert finder.around(116.35, 39.99) == told


def test_examples_tell_nothing_about_real_places() -> None:
    examples = [beside(number, "海淀区", "学院路街道", 50.0 * number, sample=True) for number in range(4)]
    assert PointFinder(examples).around(116.35, 39.99) is None


async def test_points_of_the_city_tell_where_a_place_is(database: Database, points: PointService) -> None:
    assert points.around(116.3371, 39.9898) is None  # beside an example of the sample table
    real = ServicePoint("p9", "学院路派出所", "派出所", "学院路1号", 116.3371, 39.9898, "海淀区", "学院路街道")
    await store.save(database, [real], now=ManualClock().now())
    await points.refresh()
    assert points.around(116.3381, 39.9898) == Around("海淀区", "学院路街道")
