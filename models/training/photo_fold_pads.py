"""Takes the padding nodes out of an ONNX file of ours: each becomes part of its convolution.

TensorFlow pads one-sidedly, which torch can only export as a node of its own. Before every such
node the runtime leaves its blocked layout and after it comes back: a quarter of the time. The sums
are the same, and that is checked. Run in the training environment:
``python models/training/photo_fold_pads.py MODEL.onnx``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from photo_backbone import one_sided

TOLERANCE = 1e-4
SIDE_PX = 224


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the padding of strided convolutions inside them."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    nodes = result.graph.node
    pads = {n.output[0]: n for n in nodes if n.op_type == "Pad"}
    for node in nodes:
        if node.op_type != "Conv" or node.input[0] not in pads:
            continue
        attributes = {a.name: a for a in node.attribute}
        before, after = one_sided(attributes["kernel_shape"].ints[0])
        del attributes["pads"].ints[:]
        attributes["pads"].ints.extend([before, before, after, after])
        node.input[0] = pads[node.input[0]].input[0]
    _prune(result.graph)
    return result


def _prune(graph: onnx.GraphProto) -> None:
    """Remove what nobody reads any more."""
    while True:
        read = {name for node in graph.node for name in node.input} | {o.name for o in graph.output}
        unread = [n for n in graph.node if not read & set(n.output)]
        if not unread:
            return
        for node in unread:
            graph.node.remove(node)


def main() -> None:
    """Rewrite the file in place, unless the answers differ."""
    path = Path(sys.argv[1])
    model = onnx.load(path)
    lean = folded(model)
    onnx.checker.check_model(lean)
    shape = (1, 3, SIDE_PX, SIDE_PX)
    picture = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    before, after = (
        ReferenceEvaluator(m).run(None, {"picture": picture})[0] for m in (model, lean)
    )
    apart = float(np.abs(before - after).max())
    if apart > TOLERANCE:
        raise SystemExit(f"answers differ by {apart}")
    onnx.save(lean, path)
    print(f"{len(model.graph.node)} -> {len(lean.graph.node)} nodes, answers within {apart:.1e}")


if __name__ == "__main__":
    main()
