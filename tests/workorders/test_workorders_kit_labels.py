"""The labels of kits: the shipped file, and files that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import HotlineError
from workorders import catalogue_file
from workorders.catalogue import DEFAULT_PATH
from workorders.duties import default_duties
from workorders.kit_labels import KitLabels


def test_each_first_level_of_the_catalogue_has_a_label() -> None:
    leaves = catalogue_file.read(DEFAULT_PATH, default_duties()).leaves
    KitLabels.load().require_levels(leaf.level1 for leaf in leaves)


def test_several_levels_may_have_one_label() -> None:
    labels = KitLabels({"供热": "城乡建设", "道路": "城乡建设"}, "labels.yml")
    assert labels.label("供热") == labels.label("道路") == "城乡建设"
    assert labels.label("") == ""
    labels.require_labels(["城乡建设"], "the kit")


def test_what_is_not_known_is_named() -> None:
    labels = KitLabels({"供热": "城乡建设"}, "labels.yml")
    with pytest.raises(HotlineError, match=r"labels\.yml has no label for our first level 渔业"):
        labels.label("渔业")
    with pytest.raises(HotlineError, match=r"case 7 has labels that no first level of labels\.yml has: 供热"):
        labels.require_labels(["供热", "城乡建设"], "case 7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "`labels` is expected"),
        ("[供热]", "`labels` is expected"),
        ("labels: {}", "`labels` is expected"),
        ("labels: {供热: }", "供热: None is no first level with a label"),
        ("labels: {供热: [城乡建设]}", "is no first level with a label"),
        ("labels: {供热", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "labels.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(HotlineError, match=told):
        KitLabels.load(path)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(HotlineError, match="cannot be read"):
        KitLabels.load(tmp_path / "labels.yml")
