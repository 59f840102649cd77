"""What the kits of labelled messages call our first levels: data (`data/kit_labels.yml`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from base.errors import HotlineError

PATH: Final = Path(__file__).parent / "data" / "kit_labels.yml"


class KitLabelsError(HotlineError):
    """The file of labels cannot be read, or lacks a first level or a label; the message names which."""


@dataclass(frozen=True, slots=True)
class KitLabels:
    """`of_level`: our first level -> the kit's label. `source`: the file, for messages."""

    of_level: Mapping[str, str]
    source: str

    @classmethod
    def load(cls, path: Path = PATH) -> KitLabels:
        """
        Raises:
            KitLabelsError: the file is missing or malformed.
        """
        try:
            document = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise KitLabelsError(f"the labels of kits {path} cannot be read: {error}") from error
        labels = document.get("labels") if isinstance(document, dict) else None
        if not isinstance(labels, dict) or not labels:
            raise KitLabelsError(f"{path}: `labels` is expected, our first level and the kit's label on each line")
        for level, label in labels.items():
            if not (isinstance(level, str) and isinstance(label, str) and label):
                raise KitLabelsError(f"{path}: {level}: {label} is no first level with a label")
        return cls(labels, str(path))

    def label(self, level1: str) -> str:
        """The kit's label for our first level; empty for none.

        Raises:
            KitLabelsError: the file does not have this first level.
        """
        if not level1:
            return ""
        self.require_levels([level1])
        return self.of_level[level1]

    def require_levels(self, first_levels: Iterable[str]) -> None:
        """
        Raises:
            KitLabelsError: a first level of the catalogue has no label.
        """
        if missing := sorted(set(first_levels) - set(self.of_level)):
            raise KitLabelsError(f"{self.source} has no label for our first level {', '.join(missing)}")

    def require_labels(self, labels: Iterable[str], of: str) -> None:
        """
        Args:
            of: the kit, for the message.

        Raises:
            KitLabelsError: none of our first levels has a label that the kit uses.
        """
        if unknown := sorted(set(labels) - set(self.of_level.values())):
            raise KitLabelsError(f"{of} has labels that no first level of {self.source} has: {', '.join(unknown)}")
