"""The evaluation of classification: its arithmetic, its files, its last line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from base.errors import HotlineError
from base.sections.node import DataSettings
from base.settings import Settings
from workorders import evaluation
from workorders.catalogue import Catalogue
from workorders.letter_model import Floats, Letter


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data directory without models."""
    settings = Settings(data=DataSettings(directory=tmp_path / "data"))
    monkeypatch.setattr("base.settings.load", lambda: settings)
    return settings


@pytest.fixture(scope="module")
def loaded() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def catalogue(loaded: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Trained once for all."""
    monkeypatch.setattr(Catalogue, "load", lambda: loaded)
    return loaded


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


@pytest.mark.usefixtures("configured")
def test_trained(kit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation.command([str(kit), "--train", str(kit)]) == 0
    told = capsys.readouterr().out
    assert "without an embedding model" in told
    raw = {"交通运输": {"交通运输": 1}, "教育文体": {"教育文体": 1}}
    assert json.loads(told.splitlines()[-1]) == {
        "n": 3,
        "accuracy": 1.0,
        "macro_f1": 1.0,
        "confusion": {**raw, "卫生计生": {"卫生计生": 1}},
        "raw": {"n": 2, "accuracy": 1.0, "macro_f1": 1.0, "confusion": raw},
        "tuned": False,
    }


@pytest.mark.usefixtures("configured")
def test_what_was_given_instead_is_printed(kit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (kit / "dev.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + _row("教育文体", "出租车司机绕路"))
    assert evaluation.command([str(kit), "--train", str(kit)]) == 0
    told = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(told) if line.startswith("raw: 3 messages"))
    assert told[start + 1 : start + 4] == [
        "expected \\ given  1  2",
        "1 交通运输        1  .",
        "2 教育文体        1  1",
    ]
    assert json.loads(told[-1])["raw"]["confusion"]["教育文体"] == {"交通运输": 1, "教育文体": 1}


@pytest.mark.usefixtures("configured")
def test_by_folds_only_the_train_part_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matters = {
        "交通运输": ("出租车绕了十公里", "坐出租车丢了手机", "出租车拒载老人", "机场打不到出租车"),
        "教育文体": ("学校食堂饭菜凉了", "转到别的学校要什么", "学校操场有异味", "早上学校门口很堵"),
    }
    rows = [_row(label, matter) for label, some in matters.items() for matter in some]
    (tmp_path / "train.jsonl").write_text("\n".join(rows), "utf-8")
    assert evaluation.command([str(tmp_path), "--folds", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == result["raw"]["n"] == 8 and result["accuracy"] >= 0.75
    with pytest.raises(HotlineError, match="9 folds of 8 messages"):
        evaluation.command([str(tmp_path), "--folds", "9"])


class _CountingEncoder:
    available, name = True, "counting"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def passages(self, texts: Sequence[str]) -> Floats:
        self.encoded += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_vectors_are_made_once(configured: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = _CountingEncoder()
    monkeypatch.setattr(evaluation, "readers_encoder_of", lambda settings, threads: encoder)
    for _ in range(2):
        vectors = evaluation.stored_vectors(configured)
        assert vectors is not None
        assert vectors(["停水", "路灯坏了", "停水"]).tolist() == [[2, 1], [4, 1], [2, 1]]
    assert sorted(encoder.encoded) == ["停水", "路灯坏了"]


@pytest.mark.usefixtures("configured")
def test_without_an_embedding_model_nothing_is_fine_tuned(kit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HotlineError, match="needs the embedding model"):
        evaluation.command([str(kit), "--train", str(kit), "--tune"])
    with pytest.raises(SystemExit):
        evaluation.command([str(kit), "--tune"])
    assert "--tune needs --train or --folds" in capsys.readouterr().err


class _NoReader:
    def fit(self, letters: Sequence[Letter], labels: Sequence[str]) -> None:
        self._classes = len(set(labels))

    def log_probabilities(self, letters: Sequence[Letter]) -> Floats:
        return np.zeros((len(letters), self._classes), dtype=np.float32)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("how", [["--train", "."], ["--folds", "2"]])
def test_fine_tuning_is_told(
    kit: Path, how: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(kit)
    monkeypatch.setattr(evaluation, "tuned_reader", lambda settings: _NoReader())
    assert evaluation.command([str(kit), *how, "--tune"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert ", embedding model fine-tuned" in told[0] and json.loads(told[-1])["tuned"] is True


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("how", "tuned"),
    [(["--train", "."], True), (["--train", ".", "--no-tune"], False), (["--folds", "2"], False)],
)
def test_who_trains_fine_tunes_unless_told_otherwise(
    kit: Path, how: list[str], tuned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(kit)
    monkeypatch.setattr(evaluation, "readers_encoder_of", lambda settings, threads: _CountingEncoder())
    monkeypatch.setattr(evaluation, "tuned_reader", lambda settings: _NoReader())
    assert evaluation.command([str(kit), *how, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tuned"] is tuned


def test_the_evaluation_loads_torch_only_when_asked() -> None:
    loaded = "import sys, workorders.evaluation; print({'torch', 'transformers'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "set()\n"
    )


@pytest.mark.usefixtures("catalogue")
def test_the_catalogue_as_it_is(kit: Path) -> None:
    assert evaluation.evaluate(kit, None)["accuracy"] == 1.0


def test_a_folder_that_is_no_kit(tmp_path: Path) -> None:
    with pytest.raises(HotlineError, match=r"dev\.jsonl"):
        evaluation.command([str(tmp_path)])
    (tmp_path / "dev.jsonl").write_text('{"label": "x"}\n', "utf-8")
    with pytest.raises(HotlineError, match="no file of a classification kit"):
        evaluation.command([str(tmp_path)])


@pytest.mark.usefixtures("catalogue")
def test_a_label_that_no_first_level_has(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text(_row("渔业", "渔船坏了"), "utf-8")
    with pytest.raises(HotlineError, match=r"no first level of .*kit_labels\.yml has: 渔业"):
        evaluation.evaluate(tmp_path, None)


@pytest.mark.usefixtures("configured")
def test_a_kit_with_names_of_its_own(catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = dict.fromkeys(catalogue.first_levels, "其他事项") | {"交通运输": "出行", "教育文体": "学校"}
    labels = tmp_path / "labels.yml"
    labels.write_text(yaml.safe_dump({"labels": names}, allow_unicode=True), "utf-8")
    (tmp_path / "dev.jsonl").write_text("\n".join([_row("出行", "出租车拒载"), _row("学校", "学校收补课费")]), "utf-8")
    assert evaluation.command([str(tmp_path), "--labels", str(labels), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["confusion"] == {"出行": {"出行": 1}, "学校": {"学校": 1}}
    del names["民政"]
    labels.write_text(yaml.safe_dump({"labels": names}, allow_unicode=True), "utf-8")
    with pytest.raises(HotlineError, match=r"labels\.yml has no label for our first level 民政"):
        evaluation.command([str(tmp_path), "--labels", str(labels)])
