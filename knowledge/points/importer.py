"""A table of service points from CSV, Excel or JSON Lines: every row checked, nothing stored unless all rows fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from knowledge.errors import ImportRefused, KnowledgeError, RowProblem
from knowledge.importers.rows import YES, named_cells, read_rows
from knowledge.points.coordinates import Bounds, Datum, problem, to_wgs84
from knowledge.points.point import PointRow, ServicePoint

COLUMNS: Final[Mapping[str, str]] = {
    "编号": "id",
    "名称": "name",
    "类型": "kind",
    "类别": "kind",
    "地址": "address",
    "经度": "longitude",
    "纬度": "latitude",
    "区": "district",
    "街道": "street",
    "开放时间": "hours",
    "办公时间": "hours",
    "时间": "hours",
    "电话": "phone",
    "联系电话": "phone",
    "来源": "source",
    "更新日期": "updated_on",
    "示例": "sample",
}
"""Column headings in Chinese; the English field names work too."""

_LABELS: Final = {name: heading for heading, name in reversed(list(COLUMNS.items()))}
_MESSAGES: Final = {
    "missing": "没有填写",
    "string_too_short": "太短",
    "string_too_long": "太长",
    "float_parsing": "不是数字",
    "float_type": "不是数字",
    "finite_number": "不是数字",
    "extra_forbidden": "没有这一列",
    "bool_parsing": "应填“是”或留空",
}
Locate = Callable[[str], tuple[str, str]]
"""An address -> district and street, empty strings where it tells none."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for rows that do not say it themselves."""

    source: str = ""
    updated_on: str = ""


def read_points(
    path: Path,
    *,
    bounds: Bounds,
    datum: Datum = "wgs84",
    locate: Locate | None = None,
    defaults: Defaults | None = None,
) -> list[ServicePoint]:
    """The points of one file, in WGS-84. `datum`: the system of the table's own degrees.

    Raises:
        ImportRefused: a row does not fit (all problems are named). KnowledgeError: the file cannot be read at all.
    """
    points: list[ServicePoint] = []
    problems: list[RowProblem] = []
    first_row_of: dict[str, int] = {}
    known = defaults or Defaults()
    for number, raw in read_rows(path):
        try:
            row = PointRow.model_validate(_fields(raw))
        except ValidationError as error:
            problems += [RowProblem(path.name, number, _told(found)) for found in error.errors()]
            continue
        longitude, latitude = to_wgs84(row.longitude, row.latitude, datum)
        if wrong := problem(longitude, latitude, bounds):
            problems.append(RowProblem(path.name, number, wrong))
            continue
        if (before := first_row_of.setdefault(row.outside_id, number)) != number:
            problems.append(RowProblem(path.name, number, f"与第{before}行是同一个点位（编号 {row.outside_id}）"))
            continue
        points.append(_stored(row, longitude, latitude, locate, known))
    if problems:
        raise ImportRefused(path.name, problems)
    if not points:
        raise KnowledgeError(f"{path.name} has no rows")
    return points


def _stored(row: PointRow, longitude: float, latitude: float, locate: Locate | None, known: Defaults) -> ServicePoint:
    district, street = row.district, row.street
    if locate is not None and not (district and street):
        found = locate(f"{district}{street}{row.address}")
        district, street = district or found[0], street or (found[1] if district in ("", found[0]) else "")
    return ServicePoint(
        id=row.outside_id,
        name=row.name,
        kind=row.kind,
        address=row.address,
        longitude=round(longitude, 6),
        latitude=round(latitude, 6),
        district=district,
        street=street,
        hours=row.hours,
        phone=row.phone,
        source=row.source or known.source,
        updated_on=row.updated_on or known.updated_on,
        sample=row.sample,
    )


def _fields(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A table's row with our field names; empty cells are left out, so that "missing" means just that."""
    fields: dict[str, Any] = {}
    for name, value in named_cells(row, COLUMNS):
        if isinstance(value, float) and value.is_integer() and name in ("id", "phone"):
            value = int(value)  # Excel keeps a number with a point
        if isinstance(value, bool):
            fields[name] = value
            continue
        text = "" if value is None else str(value).strip()
        if text and name:
            fields[name] = text.lower() in YES if name == "sample" else text
    return fields


def _told(found: Any) -> str:
    """What is wrong with a field, in Chinese, with the heading that the editor sees; never its value."""
    name = str(found["loc"][0]) if found["loc"] else ""
    message = _MESSAGES.get(found["type"])
    if message is None:
        message = found["msg"].removeprefix("Value error, ")
        message = "不是日期（年-月-日）" if name == "updated_on" else message
    return f"{_LABELS.get(name, name)}：{message}" if name else message
