"""An operator's catalogue as a flat table: its size, and everything that may be wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from base.errors import ConfigurationError
from base.sections.node import DataSettings
from base.sections.orders import OrderSettings
from base.settings import Settings
from workorders import catalogue_file, cli
from workorders.catalogue import Catalogue
from workorders.dispatch import assign
from workorders.dispatch_evaluation import DispatchSampleError, evaluate, read_sample
from workorders.duties import Duties, default_duties
from workorders.model import OrderDraft
from workorders.units import known_units

HEAD = "code,parent,name,examples\n"


def _write(tmp_path: Path, rows: str, head: str = HEAD) -> Path:
    path = tmp_path / "city.csv"
    path.write_text(head + rows, "utf-8")
    return path


def test_a_city_of_2400_items(tmp_path: Path) -> None:
    rows = []
    for first in range(12):
        rows.append(f"{first:02d},,领域{first},")
        for second in range(10):
            rows.append(f"{first:02d}{second:02d},{first:02d},类别{first}-{second},")
            for third in range(20):
                code = f"{first:02d}{second:02d}{third:02d}"
                rows.append(f"{code},{code[:4]},事项{code},例子{code}；另一个{code}")
    read = catalogue_file.read(_write(tmp_path, "\n".join(rows)), default_duties())
    assert len(read.leaves) == 2400
    assert (read.leaves[0].level1, read.leaves[0].level2) == ("领域0", "类别0-0")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2,甲,\n2,1,乙,\n3,2,丙,例", "circle"),
        ("1,1,甲,\n", "circle"),
        ("1,,甲,\n11,9,乙,例", "parent 9 is missing"),
        ("1,,甲,\n1,,乙,", "code 1 used twice"),
        ("1,,甲,\n11,1,乙,例", "leaf on level 2"),
        ("1,,甲,\n11,1,乙,\n111,11,丙,\n1111,111,丁,例", "deeper than 3"),
        (",,甲,", "line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        catalogue_file.read(_write(tmp_path, rows), default_duties())


def test_a_column_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="examples"):
        catalogue_file.read(_write(tmp_path, "1,,甲\n", "code,parent,name\n"), default_duties())


# Two leaves of a city's own under digits of ours, and one of ours as it is.
CITY = """\
08,,园林绿化,
0801,08,树木,
080101,0801,修剪,树枝该修剪了；树长得挡窗户
080102,0801,补种,树死了没有补种
01,,城乡建设,
0101,01,水电气热,
010101,0101,自来水供应,停水；家里没水
"""
CITY_DUTIES = """
version: "1"
duties: {"0801": "区:园林局", "080102": {duty: 街, 举报: "市:绿化委员会"}}
lanes: {}
"""


@pytest.fixture
def dispatch_file(tmp_path: Path) -> Path:
    path = tmp_path / "city-dispatch.yml"
    path.write_text(CITY_DUTIES, "utf-8")
    return path


def test_our_duties_are_not_those_of_another_catalogues_digits(tmp_path: Path, dispatch_file: Path) -> None:
    path = _write(tmp_path, CITY)
    read = catalogue_file.read(path, default_duties())  # by our own rules 0801 is a matter of the police
    assert {leaf.code: (leaf.duty, leaf.of_sample) for leaf in read.leaves} == {
        "080101": ("", False),
        "080102": ("", False),
        "010101": ("企:市自来水集团", True),
    }
    assert [leaf.path for leaf in read.without_duty] == ["园林绿化/树木/修剪", "园林绿化/树木/补种"]
    own = catalogue_file.read(path, Duties.load(dispatch_file))
    assert [leaf.duty for leaf in own.leaves] == ["区:园林局", "街", ""]  # the city's rules speak for all leaves


def test_an_order_of_a_leaf_without_a_duty_goes_by_its_place(tmp_path: Path, dispatch_file: Path) -> None:
    told = OrderDraft("举报", "", "楼前的树枝该修剪了，树长得挡窗户", "web", "东城区", "东四街道")
    path = _write(tmp_path, CITY)

    def unit(duties: Duties) -> str:
        (best, *_) = Catalogue.load(path, duties=duties).suggest(told.detail)
        assert best.code == "080101" and not best.of_sample
        return assign(replace(told, category=best), duties).unit

    assert unit(default_duties()) == "东城区东四街道办事处"
    assert unit(Duties.load(dispatch_file)) == "东城区园林局"


def test_a_leaf_that_a_person_chose_has_its_duty(tmp_path: Path, dispatch_file: Path) -> None:
    duties = Duties.load(dispatch_file)
    pruned, planted, _water = (leaf.chosen("7") for leaf in catalogue_file.read(_write(tmp_path, CITY), duties).leaves)
    assert (pruned.duty, pruned.confidence, pruned.version, pruned.of_sample) == ("区:园林局", 1.0, "7", False)
    draft = OrderDraft("举报", "", "树死了", "web", "东城区", "东四街道", category=planted)
    assert assign(draft, duties).unit == "绿化委员会"  # reports of it have another body
    assert assign(replace(draft, request_type="投诉"), duties).unit == "东城区东四街道办事处"


def test_a_duty_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    rows = "1,,甲,,\n11,1,乙,,\n111,11,丙,例,公安分局\n"
    with pytest.raises(ConfigurationError, match="line 4: '公安分局' is no duty"):
        catalogue_file.read(_write(tmp_path, rows, "code,parent,name,examples,duty\n"), default_duties())


def test_check_counts_and_names_the_leaves_without_a_duty(
    tmp_path: Path, dispatch_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(_write(tmp_path, CITY))
    assert cli.command(["check", path]) == 0
    told = capsys.readouterr().out
    assert "3 leaves, 2 of them without a duty" in told and "orders.dispatch_file" in told
    assert "  080101 园林绿化/树木/修剪\n  080102 园林绿化/树木/补种\n" in told
    assert cli.command(["check", path, "--dispatch", str(dispatch_file)]) == 0
    assert "1 of them without a duty\n  010101 城乡建设/水电气热/自来水供应" in capsys.readouterr().out
    assert cli.command(["check", str(catalogue_file.SAMPLE)]) == 0
    assert capsys.readouterr().out.endswith(" leaves, 0 of them without a duty\n")


def test_the_settings_name_the_citys_catalogue_and_duties(
    tmp_path: Path, dispatch_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = OrderSettings(catalogue_file=_write(tmp_path, CITY), dispatch_file=dispatch_file)
    monkeypatch.setattr("base.settings.load", lambda: Settings(data=DataSettings(directory=tmp_path), orders=own))
    asked = ["suggest", "楼前的树枝该修剪了", "--district", "东城区", "--street", "东四街道"]
    assert cli.command(asked) == 0 and "直派 东城区园林局" in capsys.readouterr().out
    assert {"东城区园林局", "绿化委员会"} <= known_units(dispatch_file)
    assert "东城区园林局" not in known_units()


def test_duties_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "dispatch.yml"
    path.write_text('version: "1"\nduties: {"01": 居委会}\nlanes: {}\n', "utf-8")
    with pytest.raises(ConfigurationError, match="no duty"):
        Duties.load(path)


def test_the_sample_of_labelled_orders_keeps_its_target() -> None:
    result, _wrong = evaluate(Catalogue.load(), read_sample())
    assert result["n"] == 200
    assert result["unit"] >= 0.92


def test_a_malformed_sample(tmp_path: Path) -> None:
    path = tmp_path / "sample.tsv"
    path.write_text("投诉\t海淀区\n", "utf-8")
    with pytest.raises(DispatchSampleError, match=r"sample\.tsv:1"):
        read_sample(path)


def test_the_command_line_tells_the_leaves_why_and_the_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.command(["check", str(_write(tmp_path, "1,,甲,\n11,1,乙,\n111,11,丙,例\n112,11,丁,别"))]) == 0
    assert "2 leaves" in capsys.readouterr().out
    asked = ["suggest", "公司拖欠我三个月工资", "--district", "海淀区", "--street", "清河街道"]
    assert cli.command(asked) == 0
    out = capsys.readouterr().out
    assert "“拖欠" in out and "直派 海淀区人力资源和社会保障局" in out


NESTED = """
version: "1"
levels:
  01 市政:
    0101 道路:
      010101 路灯: 路灯不亮
      010102 井盖: 井盖响
told:
"""


def test_what_citizens_told_of_a_leaf_is_learnt(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    hazard = "      - 便道上一个大窟窿敞着口，学生放学都打这儿过\n      - 大窟窿没盖，天黑谁掉进去可不得了\n"
    calm = "      - 胡同里黑得伸手不见五指\n      - 天一黑这条道就摸着走\n      - 黑灯瞎火的不敢出门\n"
    told = f'  "010102":\n    hazard:\n{hazard}  "010101":\n    calm:\n{calm}'
    path.write_text(NESTED + told, "utf-8")
    read = catalogue_file.read(path, default_duties())
    assert [(one.code, one.pressing) for one in read.told] == [("010102", "hazard")] * 2 + [("010101", "calm")] * 3
    (best, *_) = Catalogue.load(path).suggest("桥头有个大窟窿，学生都从那儿过")
    assert best.code == "010102" and best.hazard_confidence > 0.5
    assert Catalogue.load(path).suggest("天黑就摸着走")[0].hazard_confidence < 0.5


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ('  "010101":\n    calm: 路灯不亮\n', "told of 010101: calm holds no list"),
        ('  "019999":\n    calm: [路灯不亮]\n', "told of leaves that it has not: 019999"),
        ('  "010101":\n    urgent: [路灯不亮]\n', "'urgent' is none of calm, supply, hazard"),
    ],
)
def test_what_is_told_of_nothing_is_refused(tmp_path: Path, told: str, message: str) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(NESTED + told, "utf-8")
    with pytest.raises(ConfigurationError, match=message):
        catalogue_file.read(path, default_duties())


def test_a_leaf_in_yaml_may_tell_its_duty(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    leaf = "      010103 护栏: {examples: 护栏倒了；护栏被撞弯, duty: 市:交通委}\n"
    other = "      010104 站牌: {examples: 站牌歪了}\n"
    path.write_text(NESTED.replace("told:\n", "") + leaf + other, "utf-8")
    read = catalogue_file.read(path, Duties("1", {"0101": {"duty": "区:城管委"}}))
    assert [leaf.duty for leaf in read.leaves] == ["区:城管委", "区:城管委", "市:交通委", "区:城管委"]
    assert read.leaves[2].examples == ("护栏倒了", "护栏被撞弯")
    (best, *_) = Catalogue.load(path, duties=Duties("1", {})).suggest("护栏被车撞弯了")
    assert (
        assign(OrderDraft("求助", "", "护栏被车撞弯了", "web", "东城区", category=best), Duties("1", {})).unit
        == "交通委"
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{examples: 护栏倒了, duty: 公安分局}", "010103: '公安分局' is no duty"),
        ("{examples: 护栏倒了, unit: 市:交通委}", "010103: 'unit' is none of examples, duty"),
        ("{duty: 市:交通委}", "leaves without an example: 护栏"),
    ],
)
def test_an_entry_in_yaml_that_says_nothing_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(NESTED.replace("told:\n", "") + f"      010103 护栏: {entry}\n", "utf-8")
    with pytest.raises(ConfigurationError, match=message):
        catalogue_file.read(path, default_duties())
