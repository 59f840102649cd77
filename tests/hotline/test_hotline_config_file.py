"""The shipped `config.yml` names every setting and changes none of the defaults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from base.errors import ConfigurationError
from base.settings import ROOT, Settings, load


def test_the_shipped_file_holds_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    for name in list(os.environ):
        if name.startswith("HOTLINE_"):
            monkeypatch.delenv(name)
    for section, model in Settings.model_fields.items():
        defaults = model.get_default(call_default_factory=True)
        assert set(shipped[section]) == set(type(defaults).model_fields), f"section {section}"
    assert Settings().model_dump() == Settings.model_construct().model_dump()


def test_an_unknown_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.yml"
    path.write_text("web: {prot: 80}\n", encoding="utf-8")
    monkeypatch.setenv("HOTLINE_CONFIG", str(path))
    load.cache_clear()
    with pytest.raises(ConfigurationError, match=r"web\.prot"):
        load()
    load.cache_clear()


def test_an_environment_variable_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_WEB__PORT", "9123")
    assert Settings().web.port == 9123
