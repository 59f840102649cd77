"""A channel's scores on a common scale: 1 at the best text, 0 at the hundredth. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CANDIDATES = 100
_BLOCK = 64

Floats = npt.NDArray[np.float32]


def stretch(scores: Floats, candidates: int = CANDIDATES) -> Floats:
    """0 at the `candidates`-th best score (or the lowest), 1 at the best; below 0 is cut off at -0.5."""
    if not len(scores):
        return scores
    high = float(scores.max())
    low = _best_but(scores, candidates) if len(scores) > candidates else float(scores.min())
    if high - low < 1e-9:
        return np.zeros_like(scores)
    stretched: Floats = np.maximum((scores - low) / (high - low), -0.5)
    return stretched


def _best_but(scores: Floats, better: int) -> float:
    """The best score but for the `better` best ones. Many scores are sieved first: a block of them whose best is below
    the best of `better` other blocks holds none of those sought."""
    blocks = len(scores) // _BLOCK
    if blocks > 4 * better:
        best_of_blocks = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
        scores = scores[scores >= np.partition(best_of_blocks, blocks - better - 1)[blocks - better - 1]]
    place = len(scores) - better - 1
    return float(np.partition(scores, place)[place])
