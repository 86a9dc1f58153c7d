"""A site's own last step of digit recognition: fitted to its corrections, kept only if better.

The network's log probabilities over the ten digits go through an affine map before they are
joined with the other view: ``first' = normalise(first + first W + b)``. W and b are a multinomial
logistic regression with a Gaussian prior around zero, so that without evidence the shipped network
stays as it is (matrix scaling, Guo et al. 2017, as the last layer). It needs no training library,
110 numbers cannot hold anybody's handwriting, and removing the file undoes it.

Whether it is used is decided on documents of people who are in no training cell.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pipeline.domain.errors import DefectError
from pipeline.readers.boxes.character_thresholds import ViewWeights
from pipeline.readers.boxes.joining import joined
from pipeline.readers.boxes.log_probabilities import normalised
from pipeline.vault.private_files import make_folder, write_private

HEAD_FILE = Path("models") / "digits-site-v1.json"
DIGITS = 10
# Standard deviation of the prior on every number of the map: a site's few hundred cells move a
# digit that is often mistaken for another, and nothing else.
PRIOR = 0.1
HELD_BACK_SHARE = 0.3
LEAST_DOCUMENTS, LEAST_CELLS = 20, 200
_DRAWS = 2000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells whose digit people verified, as both views see them; no picture.

    Attributes:
        first: N x 10 log probabilities of the network.
        second: N x 10 log probabilities of the line model.
        truth: N digits.
        group: N numbers, the same for all cells of one person.
    """

    first: Floats
    second: Floats
    truth: NDArray[np.int64]
    group: NDArray[np.int64]

    def part(self, chosen: NDArray[np.bool_]) -> Cells:
        """Some of the cells."""
        return Cells(
            self.first[chosen], self.second[chosen], self.truth[chosen], self.group[chosen]
        )


@dataclass(frozen=True, slots=True)
class SiteHead:
    """The map.

    Attributes:
        version: ``head/`` and the first digits of the hash of its content, for lineage.
        model: The version of the character thresholds it was fitted for.
        weights: 10 x 10, added to the identity.
        bias: 10.
    """

    version: str
    model: str
    weights: Floats
    bias: Floats

    def apply(self, first: Floats) -> Floats:
        """The network's log probabilities as the site's writers make them: N x 10."""
        return normalised(first + first @ self.weights + self.bias)

    @staticmethod
    def version_in(home: Path) -> str:
        """The version of the site's head, or an empty text where it has none.

        Raises:
            DefectError: ``SITE_HEAD_BROKEN``.
        """
        head = SiteHead.load(home)
        return "" if head is None else head.version

    @classmethod
    def of(cls, model: str, weights: Floats, bias: Floats) -> SiteHead:
        """A head with the version that its content gives it."""
        digest = hashlib.sha256(np.concatenate([weights.ravel(), bias]).tobytes()).hexdigest()
        return cls(f"head/{digest[:8]}", model, weights, bias)

    @classmethod
    def load(cls, home: Path) -> SiteHead | None:
        """The site's head, or None where it has none.

        Raises:
            DefectError: ``SITE_HEAD_BROKEN``.
        """
        try:
            content = json.loads((home / HEAD_FILE).read_text(encoding="utf-8"))
            weights = np.array(content["weights"], dtype=np.float64)
            bias = np.array(content["bias"], dtype=np.float64)
            if weights.shape != (DIGITS, DIGITS) or bias.shape != (DIGITS,):
                raise ValueError("another shape")
            found = cls.of(str(content["model"]), weights, bias)
            if found.version != content["version"] or not np.isfinite(weights).all():
                raise ValueError("altered")
            return found
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise DefectError(
                "SITE_HEAD_BROKEN",
                ja="この設置環境で学習した重みのファイルが壊れています。使用しません。",
                en="The weights that this site trained are damaged; they are not used.",
                remedy_ja=f"{HEAD_FILE} を消すと配布時の重みに戻ります。",
                remedy_en=f"Remove {HEAD_FILE} to go back to the shipped weights.",
            ) from None

    def write(self, home: Path, evaluation: dict[str, Any]) -> Path:
        """Writes it whole or not at all.

        Args:
            home: The installation's home folder.
            evaluation: What it was judged by; numbers only.
        """
        path = home / HEAD_FILE
        make_folder(path.parent)
        content = {
            "version": self.version,
            "model": self.model,
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
            "evaluation": evaluation,
        }
        write_private(path, (json.dumps(content, indent=1) + "\n").encode())
        return path


@dataclass(frozen=True, slots=True)
class Comparison:
    """Old against new on the held-back people.

    Attributes:
        cells: Held-back cells.
        people: Held-back people.
        wrong_before: Cells read wrong by the shipped weights.
        wrong_after: By the new ones.
        cured: Wrong before and right after.
        spoilt: Right before and wrong after.
        gain: Mean gain in log likelihood of a cell, nats.
        gain_low: Lower end of its one-sided 95 % interval, people drawn anew (bootstrap).
    """

    cells: int
    people: int
    wrong_before: int
    wrong_after: int
    cured: int
    spoilt: int
    gain: float
    gain_low: float

    @property
    def better(self) -> bool:
        """Surely better in likelihood, and no more cells wrong."""
        return self.gain_low > 0 and self.wrong_after <= self.wrong_before


def held_back(cells: Cells, seed: int) -> NDArray[np.bool_]:
    """Which cells are held back: whole people, three in ten of them.

    Args:
        cells: All cells.
        seed: Source of chance.
    """
    people = np.unique(cells.group)
    rng = np.random.default_rng(seed)
    count = max(1, round(HELD_BACK_SHARE * len(people)))
    return np.isin(cells.group, rng.permutation(people)[:count])


def fit_head(cells: Cells, weights: ViewWeights, model: str) -> SiteHead:
    """The most probable map for these cells under the prior.

    Args:
        cells: Training cells.
        weights: How the views are joined.
        model: The version of the character thresholds in use.
    """
    n = len(cells.truth)
    rows = np.arange(n)
    shipped = weights.first * cells.first + weights.second * cells.second

    def loss(x: Floats) -> tuple[float, Floats]:
        map_, bias = x[: DIGITS**2].reshape(DIGITS, DIGITS), x[DIGITS**2 :]
        logs = normalised(shipped + weights.first * (cells.first @ map_ + bias))
        error = np.exp(logs)
        error[rows, cells.truth] -= 1
        slope = np.concatenate([(cells.first.T @ error).ravel(), error.sum(axis=0)])
        value = -logs[rows, cells.truth].sum() + (x**2).sum() / (2 * PRIOR**2)
        return float(value), weights.first * slope + x / PRIOR**2

    start = np.zeros(DIGITS**2 + DIGITS)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B").x
    # Rounded, so that the file holds exactly what was judged.
    found = np.round(found, 9)
    return SiteHead.of(model, found[: DIGITS**2].reshape(DIGITS, DIGITS), found[DIGITS**2 :])


def compare(head: SiteHead, cells: Cells, weights: ViewWeights, seed: int) -> Comparison:
    """Old against new on cells that no training cell shares a person with.

    Args:
        head: The new map.
        cells: Held-back cells.
        weights: How the views are joined.
        seed: Source of chance for the interval.
    """
    rows = np.arange(len(cells.truth))
    before = joined(cells.first, cells.second, weights)
    after = joined(head.apply(cells.first), cells.second, weights)
    gains = np.log(after[rows, cells.truth]) - np.log(before[rows, cells.truth])
    was = before.argmax(axis=1) == cells.truth
    now = after.argmax(axis=1) == cells.truth
    people, index = np.unique(cells.group, return_inverse=True)
    sums = np.bincount(index, weights=gains)
    counts = np.bincount(index).astype(np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(people), (_DRAWS, len(people)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return Comparison(
        len(rows),
        len(people),
        int((~was).sum()),
        int((~now).sum()),
        int((~was & now).sum()),
        int((was & ~now).sum()),
        float(gains.mean()),
        float(np.quantile(means, 0.05)),
    )
