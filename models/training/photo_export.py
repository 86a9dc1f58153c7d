"""Write the backbone as ONNX, so that features are computed as the engine will compute them.

Run in the training environment: ``python models/training/photo_export.py WHEEL BACKBONE.onnx``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from photo_backbone import Backbone, state_of


def main() -> None:
    """Export."""
    wheel, out = (Path(a) for a in sys.argv[1:3])
    torch.onnx.export(
        Backbone(state_of(wheel)).eval(), (torch.zeros(1, 3, 224, 224),), str(out), dynamo=False,
        input_names=["picture"], output_names=["features"], opset_version=17,
        do_constant_folding=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
