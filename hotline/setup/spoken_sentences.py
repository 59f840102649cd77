"""Whole sentences as citizens say them, out of our own data: what understanding learns from, and what is asked of the
knowledge base."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import jieba

from bot import training_data
from knowledge.entry import read_folder
from knowledge.samples import FOLDER


def all_of_ours(samples: Path = FOLDER) -> list[str]:
    """Each sentence once, in the order of the files.

    Raises:
        ConfigurationError: what understanding learns from cannot be read. KnowledgeError: the samples cannot.
    """
    found = [sentence for sentence, _ in training_data.load()]
    for entry in read_folder(samples):
        found += entry.wordings
    return list(dict.fromkeys(found))


def words(cache: Path) -> Callable[[str], Sequence[str]]:
    """Splits a sentence into words; `cache` takes jieba's parsed dictionary."""
    cache.mkdir(parents=True, exist_ok=True)
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(cache)
    split: Callable[[str], Sequence[str]] = tokenizer.lcut
    return split
