"""The readers behind the catalogue: trained on its texts, and kept on disk under the hash of what they learned from.

The file is one that `trained` wrote under our own data directory: a pickle from elsewhere must never stand there. It
holds pieces of citizens' words where something was learned, so it is as private as the database.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import joblib
import numpy as np
import pypinyin
import scipy
import sklearn

from base import pinyin, text_model
from base.logs import get_logger
from base.text_model import TextModel
from workorders.catalogue_file import Leaf

_log = get_logger(__name__)
_FORMAT: Final = "catalogue-models/2"
# Leaves whose examples tell of failures:
_SUPPLIES: Final = ("010101", "010102", "010103", "010104", "010105", "010112")
FAILS, _WORKS = "fails", "works"
_SUFFIX: Final = ".joblib"
_BROKEN: Final = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, ImportError, pickle.PickleError)


@dataclass(frozen=True, slots=True)
class Texts:
    """What is learned from. `telling` is false for rows that repeat others (`TextModel.fit`)."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    telling: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """A leaf's field and duty are learned for themselves: a sum over hundreds of leaves that share a text is never
    sure, and is the larger the more leaves a field has. So is whether a supply fails: what citizens see of it (cold
    hands, a dark room) is shared by leaves of many fields, and which of the four supplies it is does not matter."""

    leaf: Texts
    field: Texts
    duty: Texts
    supply: Texts


@dataclass(frozen=True, slots=True)
class CatalogueModels:
    """`field`, `duty` and `supply` are None where there is only one class of them."""

    leaf: TextModel
    field: TextModel | None
    duty: TextModel | None
    supply: TextModel | None


def training_set(
    leaves: Sequence[Leaf], learned: Mapping[str, Sequence[str]], learned_duties: Sequence[tuple[str, str]]
) -> TrainingSet:
    """The catalogue's own words and what was learned; codes and duties that it does not have are left out."""
    by_code = {leaf.code: leaf for leaf in leaves}
    rows: list[tuple[str, str, bool]] = []
    for leaf in leaves:
        rows += [(example, leaf.code, True) for example in leaf.examples]
        rows += [
            (text, leaf.code, False) for text in (leaf.level3, leaf.level2 + leaf.level3, "；".join(leaf.examples))
        ]
    rows += [(text, code, True) for code, texts in learned.items() if code in by_code for text in texts]
    texts, codes, telling = zip(*rows, strict=True)
    duties = tuple(by_code[code].duty for code in codes)
    of_leaves = set(duties)
    known = [(text, duty) for text, duty in learned_duties if duty in of_leaves]
    return TrainingSet(
        Texts(texts, codes, telling),
        Texts(texts, tuple(by_code[code].level1 for code in codes), telling),
        Texts(
            (*texts, *(text for text, _ in known)),
            (*duties, *(duty for _, duty in known)),
            (*telling, *(True for _ in known)),
        ),
        Texts(texts, tuple(FAILS if code in _SUPPLIES else _WORKS for code in codes), telling),
    )


def trained(data: TrainingSet, cache: Path | None) -> CatalogueModels:
    """Read from `cache` where these very texts were trained on before; else trained (about eight seconds of one core
    for 500 leaves) and kept there in place of what was kept before. `cache` None: nothing is read or kept."""
    if cache is None:
        return _fit(data)
    path = cache / (_key(data) + _SUFFIX)
    try:
        if path.is_file():
            kept = joblib.load(path)
            if isinstance(kept, CatalogueModels):
                return kept
            raise TypeError(f"it holds {type(kept).__name__}")
    except _BROKEN as error:
        _log.warning("kept models of the catalogue cannot be read; they are trained again", problem=str(error))
    models = _fit(data)
    try:
        _keep(path, models)
    except OSError as error:
        _log.warning("models of the catalogue cannot be kept for the next start", problem=str(error))
    return models


def _fit(data: TrainingSet) -> CatalogueModels:
    return CatalogueModels(_model(data.leaf), _several(data.field), _several(data.duty), _several(data.supply))


def _several(rows: Texts) -> TextModel | None:
    return _model(rows) if len(set(rows.labels)) > 1 else None


def _model(rows: Texts) -> TextModel:
    return TextModel().fit(rows.texts, rows.labels, telling=rows.telling)


def _key(data: TrainingSet) -> str:
    """Changes with the texts, with how they are read and trained on, and with the libraries that do it."""
    versions = (sklearn.__version__, scipy.__version__, np.__version__, pypinyin.__version__)
    digest = hashlib.sha256(repr((_FORMAT, versions)).encode())
    for module in (text_model, pinyin):
        digest.update(inspect.getsource(module).encode())
    digest.update(repr(astuple(data)).encode())
    return digest.hexdigest()[:32]


def _keep(path: Path, models: CatalogueModels) -> None:
    """At once or not at all; the one before goes: it is large, and only a change brings it back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        joblib.dump(models, stream)
    new.replace(path)
    for old in path.parent.glob("*" + _SUFFIX):
        if old != path:
            old.unlink(missing_ok=True)
