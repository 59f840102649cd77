"""The evaluation of classification: its arithmetic, its files, its last line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from base.errors import HotlineError
from workorders import evaluation


def test_figures_by_hand() -> None:
    result = evaluation.figures(["a", "a", "b", "b"], ["a", "b", "b", "c"])
    # a: precision 1, recall 1/2 -> 2/3; b: precision 1/2, recall 1/2 -> 1/2
    assert result == {"n": 4, "accuracy": 0.5, "macro_f1": round((2 / 3 + 1 / 2) / 2, 4)}


def _row(label: str, title: str, body: str = "") -> str:
    return json.dumps({"form": "raw", "label": label, "title": title, "body": body}, ensure_ascii=False)


def _segmented(label: str, words: str) -> str:
    return json.dumps({"form": "segmented", "label": label, "seg": words}, ensure_ascii=False)


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    rows = []
    for number in range(12):
        rows.append(_row("交通运输", f"第{number}次投诉出租车司机绕路", "司机不打表，绕路多收钱"))
        rows.append(_row("教育文体", f"第{number}个学校乱收补课费", "老师强制补课，学费不退"))
        rows.append(_segmented("卫生计生", f"医院 {number} 挂号 看病 医生 态度"))
    (tmp_path / "train.jsonl").write_text("\n".join(rows), "utf-8")
    dev = [_row("交通运输", "出租车拒载"), _row("教育文体", "学校收补课费"), _segmented("卫生计生", "医生 看病 态度")]
    (tmp_path / "dev.jsonl").write_text("\n".join(dev), "utf-8")
    return tmp_path


def test_trained(kit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation.command([str(kit), "--train", str(kit), "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {
        "n": 3,
        "accuracy": 1.0,
        "macro_f1": 1.0,
        "raw": {"n": 2, "accuracy": 1.0, "macro_f1": 1.0},
    }


def test_the_catalogue_as_it_is(kit: Path) -> None:
    assert evaluation.evaluate(kit, None)["accuracy"] == 1.0


def test_a_folder_that_is_no_kit(tmp_path: Path) -> None:
    with pytest.raises(HotlineError, match=r"dev\.jsonl"):
        evaluation.command([str(tmp_path)])
    (tmp_path / "dev.jsonl").write_text('{"label": "x"}\n', "utf-8")
    with pytest.raises(HotlineError, match="no file of a classification kit"):
        evaluation.command([str(tmp_path)])


def test_a_label_that_the_catalogue_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text(_row("渔业", "渔船坏了"), "utf-8")
    with pytest.raises(HotlineError, match="渔业"):
        evaluation.evaluate(tmp_path, None)
