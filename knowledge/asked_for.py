"""What a question asks for: something a rule or a standing answer states, or a passing fact that no text can hold.

Near texts do not make a question answerable: 一吨水多少钱 lies close to every rule on water and is answered by none. So
this reader (`knowledge.sentence_reader`) looks at the question alone, taught by `asked_for.yml` (prices of the day,
opening hours, numbers, this year's dates, one's own case against fines, limits, periods, units in charge; and what is
no matter of a city). `python -m knowledge.asked_for` learns what is kept for the model that comes with the product.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import yaml

from knowledge.embedding import Encoder, Vectors
from knowledge.errors import KnowledgeError
from knowledge.sentence_reader import SentenceReader, Told, key_of, out_of_fold

PATH: Final = Path(__file__).with_name("asked_for.yml")
KEPT: Final = Path(__file__).with_name("asked_for.npz")
LASTING: Final = "lasting"


def examples(path: Path = PATH) -> Told:
    """Sentences, and whether each asks for what lasts.

    Raises:
        KnowledgeError: the file is no map of lists, or lacks lasting questions or others.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping) or LASTING not in data or len(data) < 2:
        raise KnowledgeError(f"{path.name} must map kinds of questions, {LASTING} among them, to lists of questions")
    return [(str(text), kind == LASTING) for kind, texts in data.items() for text in texts]


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Immutable."""

    reader: SentenceReader

    @classmethod
    def load(cls, encoder: Encoder, folder: Path) -> Self:
        """The reader for this model; learned (about ten seconds of one core) where it is not kept yet. Blocking."""
        key = key_of(encoder.name, PATH.read_bytes())
        places = (KEPT, folder / f"asked-for-{key}.npz")
        return cls(SentenceReader.load(encoder, examples, key=key, places=places))

    def lasting(self, vector: Vectors) -> float:
        """Log-odds that the question asks for what lasts; above 0: more likely than not."""
        return self.reader.odds(vector)


def main() -> int:
    """Learn the reader of the model that comes with the product, keep it beside the data, tell how well it reads."""
    from base import settings as base_settings
    from knowledge.service import encoder_of

    encoder = encoder_of(base_settings.load(), threads=os.cpu_count() or 1)
    told = examples()
    lasting = np.array([yes for _, yes in told])
    vectors = encoder.queries([text for text, _ in told])
    SentenceReader.learn(vectors, lasting).save(KEPT, key_of(encoder.name, PATH.read_bytes()))
    odds = out_of_fold(vectors, lasting)
    for share in (0.05, 0.1, 0.15):
        refused = float((odds[~lasting] < np.quantile(odds[lasting], share)).mean())
        print(f"not seen before: {1 - share:.0%} of the lasting questions kept, {refused:.1%} of the others refused")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
