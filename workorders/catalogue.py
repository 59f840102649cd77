"""The three-level catalogue of matters, and which of its leaves a citizen's words belong to.

The file (`workorders/data/catalogue.yml`, or an operator's own) is versioned: every leaf carries its own examples, so a
new catalogue needs no code. `suggest` reads words and sounds and takes a few milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from base.text_model import LinearModel
from workorders import catalogue_file, catalogue_models
from workorders.catalogue_file import Leaf, Told
from workorders.duplicates import shared_pairs
from workorders.duties import Duties, default_duties
from workorders.model import CategorySuggestion

DEFAULT_PATH: Final = catalogue_file.SAMPLE
_REMEMBERED: Final = 1_024  # texts
_DUTY_WEIGHT: Final = 0.5  # chosen on 1,200 citizens' messages (first level) that no catalogue text comes from
_SPEECH: Final = re.compile(
    r"喂+|您好|你好|那个|这个|我(?:要|想|来)(?:投诉|举报|反映|问|咨询|说)(?:一?[下个])?|请问|麻烦|谢谢|同志|姑娘|嗯+|啊|呃"
)


class Catalogue:
    """Built once (some seconds, unless its models were kept), then read only.

    Args:
        told: what citizens said of the leaves (`catalogue_file.Told`).
        learned: further examples by code, from orders that people have filed (`workorders/learning.py`); those of codes
            that the catalogue no longer has are left out.
        learned_duties: (text, duty) of such orders: who answered for them in the end.
        model_cache: a folder in which the trained models wait for the next start; None: trained each time.
    """

    def __init__(
        self,
        version: str,
        leaves: tuple[Leaf, ...],
        learned: Mapping[str, Sequence[str]] | None = None,
        learned_duties: Sequence[tuple[str, str]] = (),
        *,
        told: Sequence[Told] = (),
        model_cache: Path | None = None,
    ) -> None:
        self.version = version
        self.leaves = leaves
        self._by_code = {leaf.code: leaf for leaf in leaves}
        models = catalogue_models.trained(
            catalogue_models.training_set(leaves, told, learned or {}, learned_duties), model_cache
        )
        self._features = models.features
        self._ordered = sorted(leaves, key=lambda leaf: leaf.code)
        self._first_levels = sorted({leaf.level1 for leaf in leaves})
        columns = {leaf.code: column for column, leaf in enumerate(self._ordered)}
        self._choices = [(model, [columns[code] for code in model.classes]) for model in models.leaves.values()]
        self._level2 = np.array([f"{leaf.level1}/{leaf.level2}" for leaf in self._ordered])
        self._field = _Wider(models.field, [leaf.level1 for leaf in self._ordered])
        self._duty = _Wider(models.duty, [leaf.duty for leaf in self._ordered])
        self._supply, self._hazard = models.supply, models.hazard
        self._weighed = lru_cache(maxsize=_REMEMBERED)(self._weigh)  # a form is weighed again after each answer

    @classmethod
    def load(
        cls,
        path: Path = DEFAULT_PATH,
        learned: Mapping[str, Sequence[str]] | None = None,
        learned_duties: Sequence[tuple[str, str]] = (),
        *,
        duties: Duties | None = None,
        model_cache: Path | None = None,
    ) -> Catalogue:
        """
        Args:
            duties: the city's own rules; None: ours.

        Raises:
            ConfigurationError: the file is missing or malformed (`workorders/catalogue_file.py`).
        """
        read = catalogue_file.read(path, duties or default_duties())
        return cls(read.version, read.leaves, learned, learned_duties, told=read.told, model_cache=model_cache)

    @property
    def first_levels(self) -> tuple[str, ...]:
        return tuple(self._first_levels)

    def find(self, code: str) -> Leaf | None:
        return self._by_code.get(code)

    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        """The likeliest leaves, best first, with their probabilities; empty where `text` says nothing.

        First which field, then which leaf of it: several related leaves that share a text's probability must not lose
        to one of another field. The body that would have to act counts with half the weight.
        """
        return list(self._weighed(_SPEECH.sub("", text), limit))

    def _weigh(self, text: str, limit: int) -> tuple[CategorySuggestion, ...]:
        if len(re.findall(r"[\u4e00-\u9fff]", text)) < 2:
            return ()
        words = self._features.transform([text])
        of_field, of_duty = self._field.probabilities(words), self._duty.probabilities(words)
        joint = of_field * self._within_field(words) * of_duty**_DUTY_WEIGHT
        joint /= joint.sum()
        pressing = (
            _probability(self._supply, catalogue_models.FAILS, words),
            _probability(self._hazard, catalogue_models.HAZARD, words),
        )
        order = np.argsort(-joint)[:limit]
        return tuple(self._suggestion(int(index), joint, float(of_duty[index]), pressing) for index in order)

    def _within_field(self, words: Any) -> npt.NDArray[np.float64]:
        """For each leaf how likely it is, were the text of its field."""
        found = np.ones(len(self._ordered))
        for model, columns in self._choices:
            found[columns] = model.probabilities(words)[0]
        return found

    def _suggestion(
        self, index: int, joint: npt.NDArray[np.float64], duty_confidence: float, pressing: tuple[float, float]
    ) -> CategorySuggestion:
        leaf = self._ordered[index]
        level2_confidence = float(joint[self._level2 == self._level2[index]].sum())
        return CategorySuggestion(
            leaf.code,
            leaf.level1,
            leaf.level2,
            leaf.level3,
            round(float(joint[index]), 4),
            leaf.duty,
            round(min(duty_confidence, 1.0), 4),
            self.version,
            round(min(level2_confidence, 1.0), 4),
            *(round(pressing[0], 4), round(pressing[1], 4)),
            leaf.of_sample,
        )

    def explain(self, text: str, suggestion: CategorySuggestion) -> str:
        """In words, for the seat: what in `text` speaks for the leaf, and how sure that is."""
        leaf = self._by_code.get(suggestion.code)
        if leaf is None:
            return "目录已更新，这一类别不再使用，请重新选择。"
        nearest = max(leaf.examples, key=lambda example: len(shared_pairs(example, text)))
        common = shared_pairs(nearest, text)
        sure = (
            "把握较大" if suggestion.confidence >= 0.6 else "把握一般" if suggestion.confidence >= 0.3 else "把握较小"
        )
        if common:
            words = "、".join(f"“{pair}”" for pair in sorted(common, key=text.find)[:4])
            because = f"来电内容中的{words}与目录示例“{nearest}”相近"
        else:
            because = f"用词和读音整体上最接近“{leaf.level3}”的示例"
        return f"{leaf.level1}／{leaf.level2}／{leaf.level3}：{because}，{sure}（{suggestion.confidence:.0%}）。"


def _probability(model: LinearModel | None, of: str, words: Any) -> float:
    return 0.0 if model is None else float(model.probabilities(words)[0][model.classes.index(of)])


class _Wider:
    """What is wider than a leaf, learned from the same texts: for each leaf, how likely that is to which it belongs."""

    def __init__(self, model: LinearModel | None, of_leaves: Sequence[str]) -> None:
        self._model = model
        names = model.classes if model is not None else ()
        self._columns = np.array([names.index(label) if names else 0 for label in of_leaves])

    def probabilities(self, words: Any) -> npt.NDArray[np.float64]:
        """One for each leaf; ones where there is nothing to choose."""
        if self._model is None:
            return np.ones(len(self._columns))
        found: npt.NDArray[np.float64] = self._model.probabilities(words)[0][self._columns]
        return found
