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
import numpy.typing as npt
import pypinyin
import scipy
import sklearn

from base import files, pinyin, text_model
from base.logs import get_logger
from base.text_model import LinearModel, TextFeatures
from workorders.catalogue_file import Leaf, Told
from workorders.duties import COMPANY

_log = get_logger(__name__)
_FORMAT: Final = "catalogue-models/4"
# Leaves of our own catalogue whose examples tell of failures:
_SUPPLIES: Final = ("010101", "010102", "010103", "010104", "010105", "010112")
FAILS, _WORKS = "fails", "works"
HAZARD, _NO_HAZARD = "hazard", "none"
_TOLERANCE: Final = 1e-3
_SUFFIX: Final = ".joblib"
_BROKEN: Final = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, ImportError, pickle.PickleError)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """One entry a text in each. `telling` is false for rows that repeat others (`LinearModel.fit`); `codes` and
    `fields` are empty where only the duty was learned, `supply` and `hazard` where nobody said so or could.

    A leaf's field and duty are learned for themselves: a sum over hundreds of leaves that share a text is never sure,
    and is the larger the more leaves a field has. So is whether a supply fails: what citizens see of it (cold hands, a
    dark room) is shared by leaves of many fields, and which of the four supplies it is does not matter."""

    texts: tuple[str, ...]
    codes: tuple[str, ...]
    fields: tuple[str, ...]
    duties: tuple[str, ...]
    supply: tuple[str, ...]
    hazard: tuple[str, ...]
    telling: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class CatalogueModels:
    """All read the same features. `leaves`: for each field the choice among its own. Where there is only one class to
    choose, there is no model."""

    features: TextFeatures
    leaves: dict[str, LinearModel]
    field: LinearModel | None
    duty: LinearModel | None
    supply: LinearModel | None
    hazard: LinearModel | None


def training_set(
    leaves: Sequence[Leaf],
    told: Sequence[Told],
    learned: Mapping[str, Sequence[str]],
    learned_duties: Sequence[tuple[str, str]],
) -> TrainingSet:
    """The catalogue's own words and what was learned; codes and duties that it does not have are left out."""
    by_code = {leaf.code: leaf for leaf in leaves}
    rows: list[tuple[str, str, str, str, str, str, bool]] = []

    def add(text: str, code: str, *, fails: bool | None, hazard: str = "", telling: bool = True) -> None:
        leaf, supply = by_code[code], "" if fails is None else FAILS if fails else _WORKS
        rows.append((text, code, leaf.level1, leaf.duty, supply, hazard, telling))

    for leaf in leaves:
        fails = _tells_of_failures(leaf)
        for example in leaf.examples:
            add(example, leaf.code, fails=fails)
        for text in (leaf.level3, leaf.level2 + leaf.level3, "；".join(leaf.examples)):
            add(text, leaf.code, fails=fails, telling=False)
    for one in told:
        hazard = HAZARD if one.pressing == "hazard" else _NO_HAZARD
        # Of a supply and yet calm: it fails every winter, costs too much, or is too weak: no example of either.
        told_fails = True if one.pressing == "supply" else None if _of_supply(by_code[one.code]) else False
        add(one.text, one.code, fails=told_fails, hazard=hazard)
    for code, texts in learned.items():
        for text in texts if code in by_code else ():
            add(text, code, fails=_tells_of_failures(by_code[code]))
    of_leaves = {leaf.duty for leaf in leaves}
    rows += [(text, "", "", duty, "", "", True) for text, duty in learned_duties if duty in of_leaves]
    return TrainingSet(*zip(*rows, strict=True))


def _tells_of_failures(leaf: Leaf) -> bool | None:
    """None: a city's own leaf, of whose examples nobody has said it."""
    return leaf.code in _SUPPLIES if leaf.of_sample else None


def _of_supply(leaf: Leaf) -> bool:
    return leaf.code in _SUPPLIES if leaf.of_sample else leaf.duty.startswith(COMPANY)


def trained(data: TrainingSet, cache: Path | None) -> CatalogueModels:
    """Read from `cache` where these very texts were trained on before; else trained and kept there in place of what was
    kept before: about twenty seconds of one core for 500 leaves and 6,000 sentences. `cache` None: nothing is read or
    kept."""
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
    """Words that stand in one text alone (a leaf's examples stand in two) tell nothing of others."""
    features = TextFeatures(longest=2, least=2)
    matrix, telling = features.fit_transform(data.texts), np.array(data.telling)
    codes, fields = np.array(data.codes), np.array(data.fields)
    of_leaves = np.flatnonzero(codes != "")

    def several(labels: Sequence[str], rows: npt.NDArray[np.intp]) -> LinearModel | None:
        chosen = [labels[row] for row in rows]
        if len(set(chosen)) < 2:
            return None
        return LinearModel(tolerance=_TOLERANCE).fit(matrix[rows], chosen, telling=telling[rows].tolist())

    leaves = {
        str(field): several(data.codes, np.flatnonzero(fields == field)) for field in np.unique(fields[of_leaves])
    }
    return CatalogueModels(
        features,
        {field: model for field, model in leaves.items() if model is not None},
        several(data.fields, of_leaves),
        several(data.duties, np.arange(len(codes))),
        several(data.supply, np.flatnonzero(np.array(data.supply) != "")),
        several(data.hazard, np.flatnonzero(np.array(data.hazard) != "")),
    )


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
    files.keep_newest(path.parent, f"*{_SUFFIX}", newest=1)
