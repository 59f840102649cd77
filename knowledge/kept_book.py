"""The book of a large knowledge base, kept on disk so that a start does not build it anew.

What is kept holds the entries that it was built of, word by word. A start compares them with those of the database:
unchanged ones come with their index; changed, new and withdrawn ones follow it, as they do in a running service (see
`EntryBook.following`). So neither a restored backup nor another database can make an old answer come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from base.logs import get_logger
from knowledge import corpus, correction, lexical, phonetic, shelf, snapshot, text, vectors, word_counts
from knowledge.embedding import Encoder, VectorStore
from knowledge.entry import Entry
from knowledge.shelf import FolderShelf, UnusableShelf
from knowledge.snapshot import EntryBook, entry_book, spoken_texts
from knowledge.word_counts import WordCounts

_log = get_logger(__name__)
_ENTRIES: Final = "entries.txt"  # a line an entry: its id, a blank, its JSON
_MADE_BY: Final = (corpus, correction, lexical, phonetic, shelf, snapshot, text, vectors, word_counts)


def open_book(
    root: Path,
    entries: Sequence[Entry],
    encoder: Encoder | None,
    store: VectorStore,
    revision: int,
    *,
    most_changes: int,
) -> tuple[EntryBook, WordCounts]:
    """The book of `entries` with the counts of its words: from `root` if no more than `most_changes` entries are
    others there, else built and kept there. Blocking; where the disk refuses, nothing is kept and it takes more memory.
    """
    key = key_of(encoder)
    try:
        kept = shelf.newest(root, key)
        found = None if kept is None else _kept(kept, entries, encoder, store, revision, most_changes)
    except UnusableShelf as error:
        _log.warning("the index is built anew", reason=str(error))
        found = None
    return found or _built(root, key, entries, encoder, store, revision)


def key_of(encoder: Encoder | None) -> str:
    """Changes with the embedding model and with the text of the program that cuts, weighs and keeps."""
    made_by = [Path(str(module.__file__)).read_bytes() for module in _MADE_BY]
    name = encoder.name if encoder is not None else "no model"
    return sha256(b"\n".join([name.encode(), *made_by])).hexdigest()


def _kept(
    kept: FolderShelf,
    entries: Sequence[Entry],
    encoder: Encoder | None,
    store: VectorStore,
    revision: int,
    most_changes: int,
) -> tuple[EntryBook, WordCounts] | None:
    """None: too much has changed. Raises UnusableShelf."""
    present = {entry.id: entry for entry in entries}
    with shelf.reading(kept.folder):
        indexed, changed = _compared(kept.folder / _ENTRIES, present)
        changed |= present.keys() - {entry.id for entry in indexed}
        if len(changed) > most_changes:
            _log.info("the index is built anew", changed=len(changed))
            return None
        counts = WordCounts.load(kept.folder)
    base = replace(entry_book(indexed, encoder, store, revision, kept=kept), differing=frozenset(changed))
    if not changed:
        return base, counts
    later = entry_book([present[one] for one in sorted(changed) if one in present], encoder, store, revision)
    return base.following(later, changed), counts


def _compared(path: Path, present: Mapping[str, Entry]) -> tuple[list[Entry], set[str]]:
    """The entries as they were indexed, and the ids of those that are not so now."""
    indexed: list[Entry] = []
    changed: set[str] = set()
    with path.open("rb") as lines:
        for line in lines:
            identifier, _, written = line.rstrip(b"\n").partition(b" ")
            entry = present.get(identifier.decode())
            if entry is None or entry.model_dump_json().encode() != written:
                changed.add(identifier.decode())
                entry = Entry.model_validate_json(written)
            indexed.append(entry)
    return indexed, changed


def _built(
    root: Path, key: str, entries: Sequence[Entry], encoder: Encoder | None, store: VectorStore, revision: int
) -> tuple[EntryBook, WordCounts]:
    try:
        with shelf.writing(root, key) as being_written:
            with (being_written.folder / _ENTRIES).open("wb") as lines:
                lines.writelines(b"%b %b\n" % (e.id.encode(), e.model_dump_json().encode()) for e in entries)
            counts = word_counts_of(entries)
            counts.save(being_written.folder)
            book = entry_book(entries, encoder, store, revision, kept=being_written)
        return book, counts
    except (OSError, UnusableShelf) as error:
        _log.error("the index cannot be kept on disk; every start builds it anew", folder=str(root), error=str(error))
        return entry_book(entries, encoder, store, revision), word_counts_of(entries)


def word_counts_of(entries: Sequence[Entry]) -> WordCounts:
    counts = WordCounts()
    counts.add(spoken_texts(entries))
    return counts
