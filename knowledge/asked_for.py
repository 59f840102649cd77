"""What a question asks for: something a rule or a standing answer states, or a passing fact that no text can hold.

Near texts do not make a question answerable: 一吨水多少钱 lies close to every rule on water and is answered by none. So
this reader looks at the question alone: a logistic regression on its sentence vector, taught by `asked_for.yml` (prices
of the day, opening hours, numbers, this year's dates, one's own case against fines, limits, periods, units in charge;
and what is no matter of a city). Its few numbers are kept beside the data for the model that comes with the product
(`python -m knowledge.asked_for` writes them); for another model they are learned at the first start and kept in the
data directory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.linear_model import LogisticRegression

from knowledge.embedding import Encoder, Vectors
from knowledge.errors import KnowledgeError

PATH: Final = Path(__file__).with_name("asked_for.yml")
KEPT: Final = Path(__file__).with_name("asked_for.npz")
LASTING: Final = "lasting"
_STRENGTH: Final = 1.0  # of the regression; 0.3 to 10 made no difference
_SCALE: Final = 4.0  # e5 vectors lie close together: their differences are small numbers
_FOLDS: Final = 5


def examples(path: Path = PATH) -> list[tuple[str, str]]:
    """Sentences and their kinds.

    Raises:
        KnowledgeError: the file is no map of lists, or lacks lasting questions or others.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping) or LASTING not in data or len(data) < 2:
        raise KnowledgeError(f"{path.name} must map kinds of questions, {LASTING} among them, to lists of questions")
    return [(str(text), str(kind)) for kind, texts in data.items() for text in texts]


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Immutable. `mean` is the mean vector of the examples, `weights` and `bias` those of the log-odds."""

    mean: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    bias: float

    @classmethod
    def learn(cls, vectors: Vectors, kinds: Sequence[str]) -> Self:
        mean = vectors.mean(axis=0)
        lasting = np.array([kind == LASTING for kind in kinds])
        model = LogisticRegression(C=_STRENGTH, max_iter=2000, class_weight="balanced")
        model.fit((vectors - mean) * _SCALE, lasting)
        return cls(mean, (model.coef_[0] * _SCALE).astype(np.float32), float(model.intercept_[0]))

    @classmethod
    def load(cls, encoder: Encoder, folder: Path) -> Self:
        """The reader for this model; learned (about ten seconds of one core) where it is not kept yet. Blocking."""
        key = _key(encoder.name)
        for path in (KEPT, folder / f"asked-for-{key}.npz"):
            if path.is_file():
                with np.load(path, allow_pickle=False) as kept:
                    if str(kept["key"]) == key:
                        return cls(kept["mean"], kept["weights"], float(kept["bias"]))
        told = examples()
        reader = cls.learn(encoder.queries([text for text, _ in told]), [kind for _, kind in told])
        reader.save(folder / f"asked-for-{key}.npz", key)
        return reader

    def save(self, path: Path, key: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half_done = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
        np.savez(half_done, mean=self.mean, weights=self.weights, bias=np.array(self.bias), key=np.array(key))
        os.replace(half_done, path)

    def lasting(self, vector: Vectors) -> float:
        """Log-odds that the question asks for what lasts; above 0: more likely than not."""
        return float((vector - self.mean) @ self.weights + self.bias)


def out_of_fold(vectors: Vectors, kinds: Sequence[str]) -> npt.NDArray[np.float64]:
    """The log-odds of each example by a reader that has not seen it."""
    fold = np.random.default_rng(0).permutation(len(kinds)) % _FOLDS
    found = np.zeros(len(kinds))
    for number in range(_FOLDS):
        reader = AskedFor.learn(
            vectors[fold != number], [kind for kind, at in zip(kinds, fold, strict=True) if at != number]
        )
        found[fold == number] = [reader.lasting(vector) for vector in vectors[fold == number]]
    return found


def _key(model: str) -> str:
    return hashlib.sha256(f"{model}\n{_STRENGTH} {_SCALE}\n".encode() + PATH.read_bytes()).hexdigest()[:24]


def main() -> int:
    """Learn the reader of the model that comes with the product, keep it beside the data, tell how well it reads."""
    from base import settings as base_settings
    from knowledge.service import encoder_of

    encoder = encoder_of(base_settings.load(), threads=os.cpu_count() or 1)
    told = examples()
    kinds = [kind for _, kind in told]
    vectors = encoder.queries([text for text, _ in told])
    AskedFor.learn(vectors, kinds).save(KEPT, _key(encoder.name))
    odds, lasting = out_of_fold(vectors, kinds), np.array([kind == LASTING for kind in kinds])
    for share in (0.05, 0.1, 0.15):
        refused = float((odds[~lasting] < np.quantile(odds[lasting], share)).mean())
        print(f"not seen before: {1 - share:.0%} of the lasting questions kept, {refused:.1%} of the others refused")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
