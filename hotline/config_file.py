"""`config.yml` is written from `base/sections/`, so that the file always names every setting with its default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from base.sections.section import Section
from base.settings import ROOT, Settings

HEADER = """\
# Every setting of the hotline, with its default. An environment variable HOTLINE_SECTION__KEY overrides a line here,
# for example HOTLINE_WEB__PORT=9000. A name's ending is its unit. Written by `python -m hotline.config_file` from
# base/sections: change values here freely, but add settings there.
"""


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def render(settings: Settings) -> str:
    """The text of `config.yml` for these settings; values as JSON, which is YAML too."""
    lines = [HEADER]
    for name in Settings.model_fields:
        section = getattr(settings, name)
        assert isinstance(section, Section)
        for line in (type(section).__doc__ or "").strip().splitlines():
            lines.append(f"# {line.strip()}".rstrip())
        lines.append(f"{name}:")
        for key, field in type(section).model_fields.items():
            value = json.dumps(_plain(getattr(section, key)), ensure_ascii=False)
            note = f"  # {field.description}" if field.description else ""
            lines.append(f"  {key}: {value}{note}")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    (ROOT / "config.yml").write_text(render(Settings.model_construct()), encoding="utf-8")
