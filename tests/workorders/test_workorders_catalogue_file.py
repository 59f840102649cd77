"""An operator's catalogue as a flat table: its size, and everything that may be wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import ConfigurationError
from workorders import catalogue_file, cli
from workorders.catalogue import Catalogue
from workorders.dispatch_evaluation import DispatchSampleError, evaluate, read_sample
from workorders.duties import Duties, default_duties

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
