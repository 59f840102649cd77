"""A law or regulation as Markdown or plain text: title, note lines, then 第X条 by 第X条. Pure parsing.

The version date is the latest date of the note lines under the title (passed, published, amended); a date that only
tells when a text takes effect is no version. Where the note lines tell no date, the caller's fallback (a list that
came with the collection) is used; a list never overrules the note lines, for lists run ahead of their texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from knowledge.errors import KnowledgeError
from knowledge.store import Clause, Document

_NUMBER: Final = "[一二三四五六七八九十百千零〇两0-9]+"
_ARTICLE: Final = re.compile(rf"^(?:#{{1,6}}\s*)?(?:\*\*)?(第{_NUMBER}条(?:之{_NUMBER})?)(?:\*\*)?(?:[\s　：:]+|$)")
_CHAPTER: Final = re.compile(rf"^(?:#{{1,6}}\s*)?(第{_NUMBER}[编分章节](?:[\s　].*)?)$")
_HEADING: Final = re.compile(r"^#{1,6}\s*(.*)$")
_POINT: Final = re.compile(r"^(?:#{1,6}\s*)?([一二三四五六七八九十]+)、\s*(.*)$")
_END_OF_NOTES: Final = "<!-- INFO END -->"
_DATED: Final = re.compile(r"^[（(]?\s*(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日\s*(.*)$")
_TAKES_EFFECT: Final = re.compile(r"^起?(施行|实施|生效|执行)")
_CONGRESS: Final = re.compile(r"^(.{0,12}?)第.{1,6}届(全国)?人民代表大会(常务委员会)?第")
_ORDER: Final = re.compile(r"^([^《》第]{2,40}?)令")
_PUBLISHED: Final = re.compile(r"^([^《》第（(]{2,40}?)(?:[（(].*[）)])?(?:公布|发布|颁布|批准|印发|通过|第)")
_CIVIL_CODE_PARTS: Final = frozenset(
    {"总则", "总则编", "物权编", "合同编", "人格权编", "婚姻家庭编", "继承编", "侵权责任编"}
)


@dataclass(frozen=True, slots=True)
class Notes:
    """What the note lines under a title tell; empty strings where they tell nothing."""

    issuing_body: str = ""
    version_date: str = ""


def parse(text: str, *, source: str, category: str = "", fallback_date: str = "", city: str = "北京") -> Document:
    """One document.

    Args:
        source: where it came from, for the record. category: of the collection, may be empty.
        fallback_date: ISO date for a document whose note lines tell none. city: whose own rules have scope `city`.

    Raises:
        KnowledgeError: no title, or no text under it.
    """
    lines = [line.strip().strip("　") for line in text.replace("\r\n", "\n").replace("\ufeff", "").split("\n")]
    title, rest = _title(lines)
    notes_lines, body = _cut_notes(rest)
    clauses = _clauses(body)
    if not clauses:
        raise KnowledgeError("there is no text under the title")
    notes = read_notes(notes_lines)
    if title in _CIVIL_CODE_PARTS and category in ("", "民法商法", "民法典"):
        title = f"中华人民共和国民法典{title}"  # the collection keeps the code's parts under their bare names
    content = sha256("\n".join([title, *(f"{clause.article}\t{clause.text}" for clause in clauses)]).encode())
    version = notes.version_date or fallback_date
    identity = sha256(f"{title}\n{version}\n{content.hexdigest()}".encode()).hexdigest()[:16]
    local = notes.issuing_body.startswith(city) or title.startswith(city) or category.startswith(city)
    return Document(
        id=f"doc-{identity}",
        title=title,
        issuing_body=notes.issuing_body,
        category=category,
        version_date=version,
        scope=city if local else "全国",
        content_hash=content.hexdigest(),
        source=source,
        clauses=tuple(clauses),
    )


def _title(lines: list[str]) -> tuple[str, list[str]]:
    for position, line in enumerate(lines):
        if not line:
            continue
        heading = _HEADING.match(line)
        title = (heading.group(1) if heading else line).strip("*　 ")
        if _ARTICLE.match(line) or not title or len(title) > 300:
            break
        return re.sub(r"\s+", "", title), lines[position + 1 :]
    raise KnowledgeError("the first line must be the title (a Markdown heading)")


def _cut_notes(lines: list[str]) -> tuple[list[str], list[str]]:
    """The note lines and the body. Without the collection's marker, notes end at the first article or heading."""
    if _END_OF_NOTES in lines:
        end = lines.index(_END_OF_NOTES)
        return [line for line in lines[:end] if line], lines[end + 1 :]
    notes: list[str] = []
    for position, line in enumerate(lines):
        if not line:
            continue
        if not _DATED.match(line) or len(notes) >= 30:
            return notes, lines[position:]
        notes.append(line)
    return notes, []


def read_notes(lines: Iterable[str]) -> Notes:
    """Issuing body (of the first line that names one) and the latest version date."""
    body = latest = ""
    for line in lines:
        dated = _DATED.match(line)
        if dated is None:
            continue
        year, month, day, what = dated.groups()
        if not _TAKES_EFFECT.match(what) and 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
            latest = max(latest, f"{year}-{int(month):02d}-{int(day):02d}")
        body = body or issuing_body(what)
    return Notes(body, latest)


def issuing_body(what: str) -> str:
    """Who passed or published it: `北京市第十五届人民代表大会常务委员会第三十三次会议通过` is by
    `北京市人民代表大会常务委员会`."""
    congress = _CONGRESS.match(what)
    if congress:
        place, national, standing = congress.groups()
        return f"{place or national or ''}人民代表大会{standing or ''}"
    for pattern in (_ORDER, _PUBLISHED):
        found = pattern.match(what)
        if found:
            name = re.split(r"\d|[一-鿿]*会议", found.group(1).strip().removeprefix("经"))[0].strip()
            return "国务院" if name == "中华人民共和国国务院" else name
    return ""


def _clauses(lines: list[str]) -> list[Clause]:
    by_article = any(_ARTICLE.match(line) for line in lines)
    starts = _ARTICLE if by_article else _POINT
    clauses: list[Clause] = []
    chapter = article = ""
    text: list[str] = []
    loose: list[str] = []

    def finish() -> None:
        nonlocal text
        if article and text:
            clauses.append(Clause(article, "\n".join(text), chapter))
        text = []

    for line in lines:
        if not line:
            continue
        start = starts.match(line)
        if start:
            finish()
            article = start.group(1)
            rest = line[start.end() :] if by_article else start.group(2)
            text = [rest.strip("* 　")] if rest.strip("* 　") else []
        elif _CHAPTER.match(line):
            finish()
            article = ""
            chapter = re.sub(r"[\s　]+", " ", _CHAPTER.match(line).group(1))  # type: ignore[union-attr]
        elif _HEADING.match(line) and by_article:
            finish()
            article = ""  # an annex or a signature: not part of the last article
        elif article:
            text.append(line)
        else:
            loose.append(line.lstrip("# "))
    finish()
    if not clauses and loose:
        return [Clause("全文", "\n".join(loose))]
    return clauses
