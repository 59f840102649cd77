"""The embedding model fine-tuned to tell the classes of labelled letters.

The top layers of the model go on learning, with a linear head on the mean of their tokens; the lower layers stay as
they are, so each letter goes through them once. This costs about 20 minutes of two threads for seven thousand letters
(decision 0051). Only this module's classes load torch, at the first use: nothing that serves calls may use them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import random
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from base.errors import HotlineError
from knowledge.embedding import prefixes_of
from workorders.letter_model import Floats, Letter

Progress = Callable[[str], None]


class LetterTuningError(HotlineError):
    """The embedding model cannot be fine-tuned: it, or a package that runs it, is missing or of another kind."""


@dataclass(frozen=True, slots=True)
class Course:
    """How is learned. The values are those of decision 0051; what decides over the result is all in here."""

    top_layers: int = 4  # that learn; all, where the model has fewer
    epochs: int = 3
    batch_letters: int = 32
    layers_rate: float = 3e-4
    head_rate: float = 2e-3
    warm_up: float = 0.1  # share of all steps; then the rates fall in a straight line to zero
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    dropout: float = 0.1  # before the head; the layers have their own
    longest_gradient: float = 1.0
    body_characters: int = 190
    tokens: int = 160
    seed: int = 0


COURSE: Final = Course()

_PROCEDURE: Final = 1  # one more whenever this module learns otherwise: what was kept is of no use then
_READ_AT_ONCE: Final = 64  # letters; as many as decision 0051 was measured with
_LIKE_LENGTH_BATCHES: Final = 20  # within so many batches letters are sorted by length, which saves padding
_MASKED: Final = -1e4  # added to the attention to padding
_MODEL_FILES: Final = ("*.json", "*.safetensors", "pytorch_model*.bin", "*.model", "vocab.txt")


class TunedReader:
    """Fit, then `log_probabilities`; may be fitted anew. Not for several threads at once.

    The same letters in the same order give the same numbers on one machine; another number of processor cores may
    change their last digits. While letters are learned about 85 KB each are held (their lower layers, 16 bits).

    Args:
        directory: the embedding model's folder (a BERT: `embeddings` and `encoder.layer`).
        kept_in: a folder for what was learned (28 MB for each set of letters); None: nothing is kept.
        progress: is given a line for each epoch.
    """

    def __init__(
        self,
        directory: Path,
        *,
        course: Course = COURSE,
        kept_in: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._directory = directory
        self._course = course
        self._kept_in = kept_in
        self._progress = progress
        self._network: _Network | None = None

    def fit(self, letters: Sequence[Letter], labels: Sequence[str]) -> TunedReader:
        """Learn, or take what was kept of the same letters, labels, model and course.

        Raises:
            LetterTuningError: the model or a package is missing, or the model is of another kind.
            ValueError: there are no letters, or not as many labels.
        """
        if not letters or len(letters) != len(labels):
            raise ValueError(f"{len(letters)} letters and {len(labels)} labels")
        self._network = None  # two at once would be too many
        classes = sorted(set(labels))
        with _borrowed_torch(self._course.seed):
            network = _Network(self._directory, self._course, classes=len(classes))
            kept = self._kept_file(letters, labels)
            if kept is not None and network.load(kept):
                self._tell(f"what was learned of these {len(letters)} letters before is taken from {kept}")
            else:
                network.learn(letters, [classes.index(label) for label in labels], self._tell)
                if kept is not None:
                    self._keep(network, kept)
        self._network = network
        return self

    def log_probabilities(self, letters: Sequence[Letter]) -> Floats:
        """Natural logarithms, letters × classes (sorted).

        Raises:
            RuntimeError: the reader was not trained.
        """
        if self._network is None:
            raise RuntimeError("TunedReader.fit() was not called")
        with _borrowed_torch(self._course.seed):
            return self._network.log_probabilities(letters)

    def _kept_file(self, letters: Sequence[Letter], labels: Sequence[str]) -> Path | None:
        if self._kept_in is None:
            return None
        rows = [[letter.title, letter.body, label] for letter, label in zip(letters, labels, strict=True)]
        learned_from = [_PROCEDURE, dataclasses.asdict(self._course), _fingerprint(self._directory), rows]
        return self._kept_in / f"tuned-{sha256(json.dumps(learned_from).encode()).hexdigest()}.pt"

    def _keep(self, network: _Network, path: Path) -> None:
        """A full disk is told, but does not cost what took so long."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            network.save(path)
        except (OSError, RuntimeError) as error:
            self._tell(f"what was learned could not be kept in {path}: {error}")

    def _tell(self, line: str) -> None:
        if self._progress is not None:
            self._progress(line)


class _Network:
    """The embedding model, cut where learning begins, and the head. To be used within `_borrowed_torch`.

    Raises:
        LetterTuningError: see `TunedReader.fit`.
    """

    def __init__(self, directory: Path, course: Course, *, classes: int) -> None:
        import torch

        self._course = course
        self._prefix = prefixes_of(directory)[0]
        self._tokenizer, model = _loaded(directory)
        try:
            layers, self._embeddings, hidden = model.encoder.layer, model.embeddings, model.config.hidden_size
        except AttributeError as error:
            raise LetterTuningError(
                f"the model in {directory} is no BERT, and cannot be fine-tuned: {error}"
            ) from error
        model.float().eval().requires_grad_(False)
        cut = max(0, len(layers) - course.top_layers)
        self._lower, self._upper = layers[:cut], layers[cut:].requires_grad_(True)
        self._head = torch.nn.Linear(hidden, classes)
        self._classes = classes

    def learn(self, letters: Sequence[Letter], targets: Sequence[int], tell: Progress) -> None:
        import torch

        course = self._course
        started = time.monotonic()
        states = self._lower_states(letters)
        tell(f"fine-tuning: {len(states)} letters read by {len(self._lower)} layers, {_since(started)}")
        optimiser = torch.optim.AdamW(
            [
                {"params": list(self._upper.parameters()), "lr": course.layers_rate},
                {"params": list(self._head.parameters()), "lr": course.head_rate},
            ],
            weight_decay=course.weight_decay,
        )
        learning = [weight for group in optimiser.param_groups for weight in group["params"]]
        steps = course.epochs * -(-len(states) // course.batch_letters)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate_share(step, steps, course.warm_up))
        chance = random.Random(course.seed)
        self._upper.train()
        for epoch in range(course.epochs):
            started, losses = time.monotonic(), []
            for batch in _mixed_batches([len(state) for state in states], course.batch_letters, chance):
                means = torch.nn.functional.dropout(
                    self._means([states[position] for position in batch]), course.dropout
                )
                loss = torch.nn.functional.cross_entropy(
                    self._head(means),
                    torch.tensor([targets[position] for position in batch]),
                    label_smoothing=course.label_smoothing,
                )
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(learning, course.longest_gradient)
                optimiser.step()
                schedule.step()
                losses.append(loss.item())
            tell(
                f"fine-tuning: epoch {epoch + 1} of {course.epochs}, loss {np.mean(losses):.3f}, {_since(started)}",
            )
        self._upper.eval()

    def log_probabilities(self, letters: Sequence[Letter]) -> Floats:
        import torch

        result = np.zeros((len(letters), self._classes), dtype=np.float32)
        with torch.no_grad():
            for positions in self._batches_of_like_length(letters):
                states = self._lower_states([letters[position] for position in positions])
                result[positions] = torch.log_softmax(self._head(self._means(states)), dim=1).numpy()
        return result

    def load(self, path: Path) -> bool:
        """False: there is no such file, or it is of no use."""
        import torch

        if not zipfile.is_zipfile(path):  # torch would try older forms, and fail in ways of their own
            return False
        try:
            kept = torch.load(path, map_location="cpu", weights_only=True)
            layers, head = kept["layers"], kept["head"]
            self._head.load_state_dict(head)
            self._upper.load_state_dict(layers)
        except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError):
            return False
        return True

    def save(self, path: Path) -> None:
        """
        Raises:
            OSError, RuntimeError: the file cannot be written.
        """
        import torch

        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            torch.save({"layers": self._upper.state_dict(), "head": self._head.state_dict()}, unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def _text(self, letter: Letter) -> str:
        title = f"{letter.title}。" if letter.title else ""
        return f"{self._prefix}{title}{letter.body[: self._course.body_characters]}"

    def _batches_of_like_length(self, letters: Sequence[Letter]) -> Iterator[list[int]]:
        order = sorted(range(len(letters)), key=lambda position: len(self._text(letters[position])))
        return (order[start : start + _READ_AT_ONCE] for start in range(0, len(order), _READ_AT_ONCE))

    def _lower_states(self, letters: Sequence[Letter]) -> list[Any]:
        """What the lower layers make of each letter: tokens × hidden size, 16 bits, without padding."""
        import torch

        result: list[Any] = [None] * len(letters)
        with torch.no_grad():
            for positions in self._batches_of_like_length(letters):
                tokens = self._tokenizer(
                    [self._text(letters[position]) for position in positions],
                    padding=True,
                    truncation=True,
                    max_length=self._course.tokens,
                    return_tensors="pt",
                )
                mask = tokens["attention_mask"]
                states = _through(self._lower, self._embeddings(input_ids=tokens["input_ids"]), mask.float())
                for position, state, present in zip(positions, states, mask.bool(), strict=True):
                    result[position] = state[present].half()
        return result

    def _means(self, states: Sequence[Any]) -> Any:
        """The upper layers' states, averaged over the tokens: letters × hidden size."""
        import torch

        padded = torch.nn.utils.rnn.pad_sequence(states, batch_first=True).float()
        lengths = torch.tensor([len(state) for state in states])[:, None]
        mask = (torch.arange(padded.shape[1]) < lengths).float()
        return (_through(self._upper, padded, mask) * mask[:, :, None]).sum(1) / lengths


def _through(layers: Any, states: Any, mask: Any) -> Any:
    """The model's own layers one after another. `mask`: letters × tokens, 1 for a token and 0 for padding."""
    added = (1.0 - mask[:, None, None, :]) * _MASKED
    for layer in layers:
        result = layer(states, attention_mask=added)
        states = result[0] if isinstance(result, tuple) else result  # it depends on the version of transformers
    return states


def _mixed_batches(lengths: Sequence[int], size: int, chance: random.Random) -> list[list[int]]:
    """All positions in a random order, so cut that letters of one batch are of like length."""
    order = list(range(len(lengths)))
    chance.shuffle(order)
    span = size * _LIKE_LENGTH_BATCHES
    mixed = [
        position
        for start in range(0, len(order), span)
        for position in sorted(order[start : start + span], key=lambda position: lengths[position])
    ]
    batches = [mixed[start : start + size] for start in range(0, len(mixed), size)]
    chance.shuffle(batches)
    return batches


def _rate_share(step: int, steps: int, warm_up: float) -> float:
    """The share (0..1) of the full learning rate at a step, counted from 0."""
    rising = step / (steps * warm_up) if warm_up else 1.0
    return min(1.0, rising) * max(0.0, 1.0 - step / steps)


@contextmanager
def _borrowed_torch(seed: int) -> Iterator[None]:
    """Within, torch has a thread for each processor core and random numbers from `seed`; afterwards all is as before.

    Raises:
        LetterTuningError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise LetterTuningError(f"fine-tuning needs torch: run `hotline setup` ({error})") from error
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def _loaded(directory: Path) -> tuple[Any, Any]:
    """Tokenizer and model, from the folder alone."""
    if not (directory / "config.json").is_file():
        raise LetterTuningError(
            f"fine-tuning needs the embedding model, and none is in {directory}: run `hotline setup`"
        )
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise LetterTuningError(f"fine-tuning needs transformers: run `hotline setup` ({error})") from error
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(directory), local_files_only=True)
        return tokenizer, AutoModel.from_pretrained(str(directory), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise LetterTuningError(f"the embedding model in {directory} cannot be loaded: {error}") from error


def _fingerprint(directory: Path) -> list[str]:
    """Of the files that make the model what it is, whatever the folder is called."""
    result = []
    for path in sorted({path for pattern in _MODEL_FILES for path in directory.glob(pattern)}):
        with path.open("rb") as file:
            result.append(f"{path.name} {file_digest(file, 'sha256').hexdigest()}")
    return result


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.0f} s"
