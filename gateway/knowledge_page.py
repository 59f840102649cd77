"""An entry's public page as whoever runs no script gets it: title, description, structured data, the text. Pure.

The page's own script replaces what stands in its frame as soon as it runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any, Final

_DESCRIPTION_CHARACTERS: Final = 150
_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_DESCRIPTION: Final = re.compile(r'<meta\s+name="description"\s+content="[^"]*"\s*/?>')
_FRAME: Final = re.compile(r'<div id="app">\s*</div>')
_MISSING: Final = "这条内容现在看不到"


def of_entry(page: str, entry: Mapping[str, Any]) -> str:
    """*entry*: an object of `PublicEntries.one`, so nothing that only seats may read."""
    answer = " ".join(str(entry["answer"]).split())
    sources = "".join(f"<li>{escape(_source(source))}</li>" for source in entry["sources"])
    related = "".join(
        f'<li><a href="/knowledge/{escape(near["id"], quote=True)}">{escape(near["question"])}</a></li>'
        for near in entry["related"]
    )
    text = (
        f'<main class="page"><article class="card"><h1>{escape(entry["question"])}</h1>'
        f'<p class="answer">{escape(entry["answer"])}</p>'
        + (f"<h2>依据</h2><ul>{sources}</ul>" if sources else "")
        + (f"<h2>相关问题</h2><ul>{related}</ul>" if related else "")
        + "</article></main>"
    )
    data = json.dumps(entry["structured_data"], ensure_ascii=False).replace("<", "\\u003c")
    head = f'<script type="application/ld+json">{data}</script>'
    return _filled(page, entry["question"], _shortened(answer), head, text)


def of_nothing(page: str) -> str:
    """For an address without a public entry: search engines are to forget it."""
    text = f'<main class="page"><section class="card"><h1>{_MISSING}</h1></section></main>'
    return _filled(page, _MISSING, _MISSING, '<meta name="robots" content="noindex" />', text)


def _filled(page: str, title: str, description: str, head: str, text: str) -> str:
    named = _TITLE.sub(lambda found: f"<title>{escape(title)} · {found[1]}</title>", page, count=1)
    meta = f'<meta name="description" content="{escape(description, quote=True)}" />'
    described = _DESCRIPTION.sub(lambda _found: meta, named, count=1)
    headed = described.replace("</head>", f"{head}</head>", 1)
    return _FRAME.sub(lambda _found: f'<div id="app">{text}</div>', headed, count=1)


def _source(source: Mapping[str, Any]) -> str:
    number = f"（{source['document_no']}）" if source["document_no"] else ""
    named = f"《{str(source['title']).strip('《》')}》{number}{source['clause']}"
    return "，".join(part for part in (named, source["issuing_body"], source["version_date"]) if part)


def _shortened(text: str) -> str:
    return text if len(text) <= _DESCRIPTION_CHARACTERS else f"{text[: _DESCRIPTION_CHARACTERS - 1]}…"
