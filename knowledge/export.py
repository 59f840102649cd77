"""The public part of the knowledge base as open data: JSON Lines, CSV, and schema.org FAQPage. Pure.

Only what anybody may know and what is checked goes out: public entries in force, no samples (示例). The licence is the
setting `knowledge.licence`; where it is empty, none is claimed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from knowledge.entry import Entry

NOT_STATED: Final = "未注明"
"""Of a licence that the city has not set: nobody may take open data for free to use because we assumed so."""
_COLUMNS: Final = (
    "id", "question", "other_wordings", "answer", "topic", "owner", "scope", "audience", "sources", "effective_from",
    "effective_to", "licence", "exported_on",
)  # fmt: skip
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def public(entries: Sequence[Entry]) -> list[Entry]:
    """What may leave the house, of entries in force."""
    return [entry for entry in entries if entry.sensitivity == "public" and not entry.sample]


def _record(entry: Entry, today: date, licence: str) -> dict[str, Any]:
    body = entry.model_dump(mode="json")
    sources = [
        {key: source[key] for key in ("title", "document_no", "clause", "issuing_body", "version_date", "url")}
        for source in body["sources"]
    ]
    return {
        "id": entry.id,
        "question": entry.question,
        "other_wordings": list(entry.ask),
        "answer": entry.answer,
        "topic": entry.topic,
        "owner": entry.owner,
        "scope": entry.scope,
        "audience": entry.audience,
        "sources": sources,
        "effective_from": body["effective_from"],
        "effective_to": body["effective_to"],
        "licence": licence or NOT_STATED,
        "exported_on": today.isoformat(),
    }


def json_lines(entries: Sequence[Entry], today: date, licence: str = "") -> str:
    return "".join(json.dumps(_record(entry, today, licence), ensure_ascii=False) + "\n" for entry in public(entries))


def comma_separated(entries: Sequence[Entry], today: date, licence: str = "") -> str:
    """With a byte order mark, for spreadsheets; a cell that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for entry in public(entries):
        row = _record(entry, today, licence)
        row["other_wordings"] = "\n".join(row["other_wordings"])
        row["sources"] = "\n".join(
            "".join((f"《{source['title']}》", source["document_no"], source["clause"])) for source in row["sources"]
        )
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def faq_page(entries: Sequence[Entry], today: date, licence: str = "") -> str:
    """One JSON-LD object, https://schema.org/FAQPage."""
    return json.dumps(faq_object(entries, today, licence), ensure_ascii=False, indent=1) + "\n"


def faq_object(entries: Sequence[Entry], today: date, licence: str = "") -> dict[str, Any]:
    """The same, not written out."""
    return {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "inLanguage": "zh-CN",
        **({"license": licence} if licence else {}),
        "dateModified": today.isoformat(),
        "mainEntity": [
            {
                "@type": "Question",
                "@id": f"#{entry.id}",
                "name": entry.question,
                "acceptedAnswer": {
                    "@type": "Answer",
                    "text": entry.answer,
                    "citation": [f"《{source.title}》{source.clause}" for source in entry.sources],
                },
            }
            for entry in public(entries)
        ],
    }


FORMATS: Final[Mapping[str, Callable[[Sequence[Entry], date, str], str]]] = {
    "jsonl": json_lines,
    "csv": comma_separated,
    "faqpage": faq_page,
}
