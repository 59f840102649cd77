"""The text of a Word, HTML or PDF document as lines that `knowledge.importers.laws` reads: the title first, as a
Markdown heading, then a line a paragraph. Nothing of a document is ever run:
scripts, forms and hidden parts are left out.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Final

from knowledge.errors import KnowledgeError

UNPACKED_LIMIT_BYTES: Final = 200 * 1024 * 1024
_PAGES_AT_MOST: Final = 3_000
_DROPPED: Final = (
    "script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "button", "select", "iframe",
    "object", "svg", "canvas", "textarea",
)  # fmt: skip
_BLOCKS: Final = (
    "p",
    "div",
    "li",
    "tr",
    "br",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
    "article",
    "blockquote",
    "pre",
)
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BEGINS: Final = re.compile(
    r"^(第[一二三四五六七八九十百千零〇两0-9]+[编分章节条]|[（(][一二三四五六七八九十]{1,3}[）)]|[一二三四五六七八九十]{1,3}、"
    r"|\d{1,3}[.．、]|附件|[（(]\d{4}\s*年)"
)
_PAGE_NUMBER: Final = re.compile(r"^[-—–·\s]*(第\s*)?\d{1,4}(\s*页)?(\s*/\s*\d{1,4})?[-—–·\s]*$")
_ENDS: Final = re.compile(r"[。；：！？!?;:]$")


def word(content: bytes) -> str:
    """Raises KnowledgeError: no Word document (.docx), or it unpacks to more than 200 MB."""
    import docx
    from docx.opc.exceptions import OpcError
    from docx.table import Table

    refuse_bombs(content, "Word 文档")
    try:
        document = docx.Document(io.BytesIO(content))
        lines: list[str] = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                lines += ["　".join(_cells(row)) for row in block.rows]
            elif text := block.text.strip():
                style = str(getattr(block.style, "name", "") or "")
                heading = style.startswith(("Heading", "Title", "标题"))
                lines.append(f"# {text}" if heading and not _BEGINS.match(text) else text)
    except (OpcError, KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
        raise KnowledgeError("不是可读的 Word 文档（.docx）：请在 Word 中重新保存") from error
    return _titled(lines)


def _cells(row: Any) -> list[str]:
    """A merged cell stands in its row several times: once is enough."""
    found: list[str] = []
    for cell in row.cells:
        text = " ".join(cell.text.split())
        if text and (not found or found[-1] != text):
            found.append(text)
    return found


def html(content: bytes) -> str:
    """Raises KnowledgeError: there is no text in it."""
    from bs4 import BeautifulSoup
    from bs4.element import Comment

    try:
        soup = BeautifulSoup(content.decode("utf-8"), "lxml")
    except UnicodeDecodeError:
        declared = re.search(rb"charset=[\"']?([\w-]+)", content[:4096])
        name = declared.group(1).decode("ascii").lower() if declared else "gb18030"
        try:
            soup = BeautifulSoup(content.decode("gb18030" if name.startswith("gb") else name), "lxml")
        except (UnicodeDecodeError, LookupError) as error:
            raise KnowledgeError("既不是 UTF-8 也不是 GB 18030 编码") from error
    page_title = soup.title.get_text(" ", strip=True) if soup.title else ""
    heading = soup.find("h1")
    title = heading.get_text("", strip=True) if heading else re.split(r"[-_|—]", page_title)[0].strip()
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.find_all(True):
        if tag.decomposed:
            continue
        if tag.name in _DROPPED or tag is heading or tag.name in ("head", "title") or _is_hidden(tag):
            tag.decompose()
    body = soup.body or soup
    for tag in body.find_all(_BLOCKS):
        tag.insert_before("\n")
        tag.append("\n")
    lines = [" ".join(line.split()) for line in body.get_text("").split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        raise KnowledgeError("网页里没有正文")
    return _titled([f"# {title}", *(line for line in lines if line != title)] if title else lines)


def _is_hidden(tag: Any) -> bool:
    return tag.has_attr("hidden") or bool(_HIDDEN.search(str(tag.get("style") or "")))


def pdf(content: bytes) -> str:
    """Raises KnowledgeError: no PDF, locked with a password, too long, or a scan without text."""
    import pypdf
    from pypdf.errors import PyPdfError

    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise KnowledgeError("PDF 有密码：请去掉密码后再导入")
        if len(reader.pages) > _PAGES_AT_MOST:
            raise KnowledgeError(f"PDF 超过 {_PAGES_AT_MOST} 页：请拆分")
        raw = [line.strip() for page in reader.pages for line in (page.extract_text() or "").split("\n")]
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise KnowledgeError("不是可读的 PDF：文件损坏") from error
    lines = [line for line in raw if line and not _PAGE_NUMBER.match(line)]
    if sum(len(line) for line in lines) < 20:
        raise KnowledgeError("PDF 里没有文字，可能是扫描件：请先做文字识别")
    return _titled(joined(lines))


def joined(lines: list[str]) -> list[str]:
    """Lines of a page put together into paragraphs. The first line, the title, stands alone."""
    found: list[str] = []
    for number, line in enumerate(lines):
        goes_on = number > 1 and not _ENDS.search(lines[number - 1]) and not _BEGINS.match(line)
        if goes_on and found and not _alone(found[-1]):
            found[-1] += line
        else:
            found.append(line)
    return found


def _alone(line: str) -> bool:
    """A heading (第二章 总则) takes no continuation."""
    return bool(re.match(r"^第[一二三四五六七八九十百零〇两0-9]+[编分章节]", line)) and len(line) < 40


def _titled(lines: list[str]) -> str:
    """The first line is the title, whatever its style was; other headings keep theirs."""
    if not lines:
        raise KnowledgeError("文件里没有文字")
    return "\n".join([f"# {lines[0].removeprefix('# ')}", *lines[1:]])


def refuse_bombs(content: bytes, what: str) -> None:
    """Raises KnowledgeError: no zip container, or one that unpacks to more than 200 MB."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise KnowledgeError(f"不是{what}：文件损坏或格式不对") from error
    if unpacked > UNPACKED_LIMIT_BYTES:
        raise KnowledgeError(f"{what}展开后超过 {UNPACKED_LIMIT_BYTES // 1024 // 1024} MB：请拆分")


READERS: Final[Mapping[str, Callable[[bytes], str]]] = {
    ".docx": word,
    ".html": html,
    ".htm": html,
    ".pdf": pdf,
}
