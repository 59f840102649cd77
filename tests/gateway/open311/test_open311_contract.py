"""GeoReport v2 as its specification describes it, in both formats, over HTTP."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from messenger_node import Node
from sqlalchemy import select

from base.clock import ManualClock, local
from storage.tables import Order
from workorders.model import OrderDraft

ROOT = "/open311/v2"
REQUEST_FIELDS = (
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "description"),
    *("agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime"),
    *("address", "address_id", "zipcode", "lat", "long", "media_url"),
)
SERVICE_FIELDS = ("service_code", "service_name", "description", "metadata", "type", "keywords", "group")
STORY = "楼下烧烤店夜里很吵，我是王小明，电话13900001234"
FORM = {
    "description": STORY,
    "address_string": "海淀区中关村街道知春路48号",
    "last_name": "王",
    "first_name": "小明",
    "phone": "139 0000 1234",
    "email": "wang@example.cn",
}


def from_xml(element: ElementTree.Element) -> Any:
    """The values of an XML answer, for whoever knows which elements are lists."""
    lists = {"services", "service_requests", "attributes", "values", "errors", "endpoints", "formats"}
    if element.tag in lists:
        return [from_xml(child) for child in element]
    if len(element):
        return {child.tag: from_xml(child) for child in element}
    return element.text


@pytest.fixture(params=["json", "xml"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Developer:
    """Reads answers of one format."""

    def __init__(self, node: Node, form: str) -> None:
        self.node, self.form = node, form

    async def read(self, response: Any) -> Any:
        if self.form == "json":
            assert response.content_type == "application/json" and response.charset == "utf-8"
            return await response.json()
        assert response.content_type == "text/xml" and response.charset == "utf-8"
        raw = await response.read()
        assert raw.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
        return from_xml(ElementTree.fromstring(raw))

    async def get(self, path: str, *, answered: int = 200, **query: str) -> Any:
        response = await self.node.client.get(f"{path}.{self.form}", params=query)
        assert response.status == answered, await response.text()
        return await self.read(response)

    async def post(self, *, status: Any = 201, **fields: str) -> Any:
        response = await self.node.client.post(f"{ROOT}/requests.{self.form}", data=fields)
        assert response.status == status, await response.text()
        return await self.read(response)


@pytest.fixture
def developer(node: Node, form: str) -> Developer:
    return Developer(node, form)


async def order_of(node: Node, number: str) -> Order:
    async with node.core.database.read() as session:
        return (await session.execute(select(Order).where(Order.order_no == number))).scalar_one()


def number(form: str, value: Any) -> Any:
    return value if form == "json" else float(value)


async def test_discovery(developer: Developer) -> None:
    found = await developer.get("/open311/discovery")
    (endpoint,) = found["endpoints"]
    assert endpoint["url"] == "https://12345.example.cn/open311/v2" and endpoint["type"] == "production"
    assert endpoint["formats"] == ["text/xml", "application/json"] and "GeoReport_v2" in endpoint["specification"]
    assert found["changeset"] and found["contact"] and found["key_service"]


async def test_services_are_the_leaves_of_the_catalogue(developer: Developer, node: Node) -> None:
    found = await developer.get(f"{ROOT}/services", jurisdiction_id="12345.example.cn")
    assert len(found) == len(node.core.catalogue.current.leaves)
    assert all(tuple(service) == SERVICE_FIELDS for service in found)
    assert {service["type"] for service in found} == {"realtime"}
    assert {str(service["metadata"]).lower() for service in found} == {"true"}
    definition = await developer.get(f"{ROOT}/services/{found[0]['service_code']}")
    assert definition["service_code"] == found[0]["service_code"]
    by_code = {attribute["code"]: attribute for attribute in definition["attributes"]}
    assert [value["key"] for value in by_code["confidential"]["values"]] == ["yes", "no"]
    assert by_code["event_time"]["datatype"] == "string"
    assert sorted(int(attribute["order"]) for attribute in definition["attributes"]) == list(range(1, len(by_code) + 1))


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("services", {"jurisdiction_id": "elsewhere.gov"}, 404),
        ("services/nothing", {}, 404),
        ("requests", {"jurisdiction_id": "elsewhere.gov"}, 404),
        ("requests", {"status": "sleeping"}, 400),
        ("requests", {"start_date": "yesterday"}, 400),
        ("requests", {"start_date": "0001-01-01T00:00:00Z"}, 400),
        ("requests", {"start_date": "2025-01-01T00:00:00Z", "end_date": "2025-06-01T00:00:00Z"}, 400),
        ("requests", {"start_date": "2025-02-01T00:00:00Z", "end_date": "2025-01-01T00:00:00Z"}, 400),
        ("requests/000000000000", {}, 404),
        ("tokens/nothing", {}, 404),
    ],
)
async def test_errors_have_the_form_of_the_specification(
    developer: Developer, path: str, query: dict[str, str], status: int
) -> None:
    (error,) = await developer.get(f"{ROOT}/{path}", answered=status, **query)
    assert int(error["code"]) == status and error["description"]


async def test_a_request_is_an_order_like_any_other(developer: Developer, node: Node, key: str) -> None:
    more = {"attribute[subject]": "烧烤店", "attribute[event_time]": "从上周一到现在"}
    (filed,) = await developer.post(api_key=key, service_code=code(node), **FORM, **more)
    order = await order_of(node, filed["service_request_id"])
    assert (order.channel, order.district, order.street) == ("cityapp", "海淀区", "中关村街道")
    assert order.detail.startswith(STORY) and "wang@example.cn" in order.detail and order.subject == "烧烤店"
    assert (order.contact_name, order.contact_phone) == ("王小明", "13900001234")
    assert order.category_code == code(node) and order.status == "dispatched" and order.unit
    tracking_code = filed["service_notice"].partition("查询码")[2][:9]
    view = await node.core.orders.view(order.order_no, tracking_code=tracking_code)
    assert view.order_no == order.order_no
    now = local(node.core.clock.now())
    monday = (now - timedelta(days=now.weekday() + 7)).date()
    assert order.event_time == "从上周一到现在" and order.extra["event_start"] == f"{monday}T00:00+08:00"
    assert order.extra["event_end"] == now.isoformat(timespec="minutes")
    (again,) = await developer.post(api_key=key, service_code=code(node), **FORM, **more)
    assert again["service_request_id"] == order.order_no and again["token"] == filed["token"]
    (found,) = await developer.get(f"{ROOT}/tokens/{filed['token']}")
    assert found == {"service_request_id": order.order_no, "token": filed["token"]}


def code(node: Node) -> str:
    return str(node.core.catalogue.current.leaves[0].code)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"api_key": ""}, 403),
        ({"api_key": "cityapp.0000000000000000000000000000000000000000"}, 403),
        ({"api_key": "nobody"}, 403),
        ({"service_code": ""}, 400),
        ({"service_code": "nothing"}, 404),
        ({"jurisdiction_id": "elsewhere.gov"}, 404),
        ({"address_string": ""}, 400),
        ({"address_string": "", "lat": "39.9"}, 400),
        ({"lat": "39.9"}, 400),
        ({"lat": "139.9", "long": "116.3"}, 400),
        ({"lat": "nan", "long": "116.3"}, 400),
        ({"address_string": "", "address_id": "7"}, 400),
        ({"phone": "none"}, 400),
        ({"attribute[confidential]": "perhaps"}, 400),
        ({"attribute[colour]": "red"}, 400),
        ({"description": "长" * 5_000}, 400),
    ],
)
async def test_what_is_wrong_with_a_post_is_told(
    developer: Developer, node: Node, key: str, change: dict[str, str], status: int
) -> None:
    fields = {"api_key": key, "service_code": code(node), "address_string": "海淀区", **change}
    (error,) = await developer.post(status=status, **fields)
    assert int(error["code"]) == status
    async with node.core.database.read() as session:
        assert (await session.execute(select(Order))).first() is None


async def test_coordinates_alone_are_a_place_and_nothing_else_is_needed(
    developer: Developer, node: Node, key: str
) -> None:
    (filed,) = await developer.post(api_key=key, service_code=code(node), lat="39.97", long="116.33")
    order = await order_of(node, filed["service_request_id"])
    assert order.address == "（北纬39.97000，东经116.33000）" and order.detail


async def test_nothing_private_is_shown(developer: Developer, node: Node, key: str) -> None:
    (filed,) = await developer.post(api_key=key, service_code=code(node), lat="39.97654", long="116.33", **FORM)
    number_ = filed["service_request_id"]
    unit = (await order_of(node, number_)).unit
    await node.core.orders.change(number_, "accept", actor=f"unit:{unit}")
    await node.core.orders.change(number_, "answer", actor=f"unit:{unit}", note="已联系王小明，电话13900001234。")
    (one,) = await developer.get(f"{ROOT}/requests/{number_}")
    assert tuple(one) == REQUEST_FIELDS
    assert one["status"] == "open" and one["status_notes"] == "已答复" and one["agency_responsible"] == unit
    assert one["address"] == "海淀区中关村街道" and one["lat"] is None and one["long"] is None
    for private in ("王", "小明", "13900001234", "wang@", "烧烤", "知春路", "48"):
        assert private not in str({name: value for name, value in one.items() if "datetime" not in name})
    assert (await developer.get(f"{ROOT}/requests"))[0] == one


async def test_who_agrees_is_quoted_without_name_and_numbers(developer: Developer, node: Node, key: str) -> None:
    agreed = {"attribute[publish]": "yes", "lat": "39.97654", "long": "116.33333"}
    (filed,) = await developer.post(api_key=key, service_code=code(node), **FORM, **agreed)
    (one,) = await developer.get(f"{ROOT}/requests/{filed['service_request_id']}")
    assert "楼下烧烤店夜里很吵" in one["description"]
    assert (number(developer.form, one["lat"]), number(developer.form, one["long"])) == (39.977, 116.333)
    for private in ("王小明", "13900001234"):
        assert private not in str(one)


async def test_secret_orders_and_reports_of_offences_are_not_there(developer: Developer, node: Node, key: str) -> None:
    for secret in ({"attribute[confidential]": "yes"}, {"attribute[request_type]": "举报"}):
        (filed,) = await developer.post(api_key=key, service_code=code(node), **FORM, **secret)
        await developer.get(f"{ROOT}/requests/{filed['service_request_id']}", answered=404)
        assert await developer.get(f"{ROOT}/requests", service_request_id=filed["service_request_id"]) == []
    assert await developer.get(f"{ROOT}/requests") == []


async def test_orders_of_the_telephone_are_there_too_and_are_chosen(
    developer: Developer, node: Node, clock: ManualClock
) -> None:
    made = [await filed_by_phone(node, clock, days=days) for days in (100, 20, 10)]
    await node.core.orders.change(made[2], "withdraw", actor="seat:s1", note="市民撤回")
    everything: Callable[..., Any] = developer.get

    async def numbers(**query: str) -> list[str]:
        return [one["service_request_id"] for one in await everything(f"{ROOT}/requests", **query)]

    assert await numbers() == [made[2], made[1]], "the last 90 days, the newest first"
    assert await numbers(status="closed") == [made[2]] and await numbers(status="open") == [made[1]]
    assert await numbers(status="open,closed", service_code="") == [made[2], made[1]]
    assert await numbers(service_code="nothing") == []
    since = (clock.now() - timedelta(days=101)).isoformat()
    assert await numbers(start_date=since) == [made[1], made[0]]
    until = (clock.now() - timedelta(days=15)).isoformat().replace("+00:00", "Z")
    assert await numbers(end_date=until) == [made[1], made[0]]
    assert await numbers(service_request_id=f"{made[0]}, {made[2]}", status="open") == [made[2], made[0]]


async def filed_by_phone(node: Node, clock: ManualClock, *, days: int) -> str:
    draft = OrderDraft("求助", "", f"路灯不亮已经{days}天", "phone", district="海淀区", contact_phone="13800000000")
    moment = clock.now() - timedelta(days=days)
    async with node.core.database.write() as session:
        filed = await node.core.orders.file(session, draft, key=f"k{days}", now=moment, actor="bot:test")
    return filed.order_no


async def test_danger_is_told_where_to_call(developer: Developer, node: Node, key: str) -> None:
    fields = {**FORM, "description": "着火了，楼道里全是烟，有人困在里面"}
    (filed,) = await developer.post(api_key=key, service_code=code(node), **fields)
    assert "请立即拨打119" in filed["service_notice"]


async def test_what_xml_cannot_hold_is_left_out(node: Node, key: str) -> None:
    fields = {**FORM, "description": "<b>&\u0008\ufffe]]></b>", "attribute[publish]": "yes"}
    developer = Developer(node, "xml")
    (filed,) = await developer.post(api_key=key, service_code=code(node), **fields)
    (one,) = await developer.get(f"{ROOT}/requests/{filed['service_request_id']}")
    assert one["description"].startswith("<b>&]]></b>")


async def test_another_format_is_said_to_be_none(node: Node) -> None:
    response = await node.client.get(f"{ROOT}/services.yaml")
    assert response.status == 404 and response.content_type == "text/xml"
    assert "json or xml" in await response.text()


async def test_a_starting_core_says_so_in_its_form(developer: Developer, node: Node) -> None:
    node.core.use(conversations=node.conversations, knowledge=node.book)
    (error,) = await developer.get(f"{ROOT}/services", answered=503)
    assert int(error["code"]) == 503
