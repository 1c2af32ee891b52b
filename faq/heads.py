"""The linear head: one weight for every n-gram and entry, learnt in NumPy from the phrasings' likeness to each other.

A linear classifier's weights are sums over the phrasings it was trained on, so everything is done with the N x N
matrix of likenesses: training touches no n-gram, and holding phrasings out for calibration is a choice of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_TRAINED = 2500  # phrasings; beyond, N x N costs too much, and likenesses take the place of learnt weights
STRENGTH = 30.0  # inverse regularisation; 10 to 100 differ by 0.5 points of top-1 on BANKING77
STEPS, STEPS_AGAIN = 45, 20  # from nothing, and from the weights of nearly the same problem
# The loss's curvature per unit of likeness: 0.5 is its bound and right for a few entries; an eighth of a bound is
# measured to be safe for many and halves the steps.
CURVATURE_FEW, CURVATURE_MANY, FEW = 0.5, 0.125, 10
MEAN_SCALE = NEAREST_SCALE = 12.0  # bring the mean and the highest likeness to the range of trained logits


def train(
    likeness: NDArray[np.float32],
    owners: NDArray[np.intp],
    entries: int,
    start: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Fit multinomial logistic regression in dual form, shape (N, entries); scores are `likeness @ weights`.

    Accelerated gradient steps in the metric of the likeness, whose step size is known from its largest eigenvalue:
    no line search, no randomness.
    """
    target = np.zeros((len(owners), entries), dtype=np.float32)
    target[np.arange(len(owners)), owners] = 1
    vector = np.ones(len(owners), dtype=np.float32)
    for _ in range(10):
        vector = likeness @ vector
        vector /= np.float32(max(float(np.linalg.norm(vector)), 1e-9))
    largest = 1.05 * float(vector @ (likeness @ vector))  # ten rounds of power iteration fall short by a little
    step = np.float32(1 / (1 + STRENGTH * (CURVATURE_FEW if entries < FEW else CURVATURE_MANY) * largest))
    weights = np.zeros_like(target) if start is None else start
    ahead, pace = weights, 1.0
    for _ in range(STEPS if start is None else STEPS_AGAIN):
        chance = softmax(likeness @ ahead)
        moved = (ahead - step * (ahead - np.float32(STRENGTH) * (target - chance))).astype(np.float32, copy=False)
        faster = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead = (moved + np.float32((pace - 1) / faster) * (moved - weights)).astype(np.float32, copy=False)
        weights, pace = moved, faster
    return weights


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn each row of logits into probabilities; a logit of minus infinity has none."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return chances
