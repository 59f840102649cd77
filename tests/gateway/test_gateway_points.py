"""Service points over HTTP, for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from gateway_helpers import Connect, SmallConversations, SmallKnowledge

from bot.entities.place import PlaceMatcher
from gateway.core import Core
from knowledge.points import kinds, samples, store
from knowledge.points.importer import read_points
from knowledge.points.service import PointService

NEAREST = "/api/v1/points/nearest"


@pytest.fixture
async def points(core: Core) -> AsyncIterator[PointService]:
    table = read_points(samples.TABLE, bounds=kinds.default().bounds)
    await store.save(core.database, table, now=core.clock.now())
    service = PointService(core.database)
    await service.start()
    core.use(
        conversations=SmallConversations(core),
        knowledge=SmallKnowledge(),
        points=service,
        find_place=PlaceMatcher.load().find,
    )
    yield service
    await service.close()


async def test_the_nearest_by_words_and_by_degrees(connect: Connect, points: PointService) -> None:
    client = await connect()
    listed = await (await client.get("/api/v1/points/kinds")).json()
    assert {"kind": "派出所", "count": points._finder.count("派出所")} in listed["items"]
    response = await client.get(NEAREST, params={"kind": "派出所", "place": "海淀区学院路街道", "limit": "2"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    found = await response.json()
    assert found["verdict"] == "found" and len(found["items"]) == 2
    first = found["items"][0]
    assert first["distance_m"] <= found["items"][1]["distance_m"]
    at = {"kind": "派出所", "longitude": str(first["longitude"]), "latitude": str(first["latitude"])}
    assert (await (await client.get(NEAREST, params=at)).json())["items"][0]["id"] == first["id"]


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "飞碟"},
        {"kind": "派出所", "limit": "0"},
        {"kind": "派出所", "longitude": "nan", "latitude": "39.9"},
        {"kind": "派出所", "longitude": "116.4"},
        {"kind": "派出所", "longitude": "116.4", "latitude": "39.9", "datum": "mars"},
    ],
)
async def test_what_cannot_be_meant_is_refused(connect: Connect, points: PointService, query: dict[str, str]) -> None:
    assert (await (await connect()).get(NEAREST, params=query)).status == 400
