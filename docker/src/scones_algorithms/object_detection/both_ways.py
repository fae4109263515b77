"""A detector that looks at each image and at its mirror image, and takes the mean.

    image, mirror image ──▶ maps ──▶ what each map says ──▶ the mirror image's turned back ──▶ mean

Anchors lie the same way round in the mirror image, so that what is said of a cell there belongs to
the cell across; only the way from an anchor's centre to the object's has the other sign.
"""

from collections.abc import Iterable
from typing import Any

from mxnet import gluon

from scones_algorithms.object_detection.network import Heads, joined


class BothWays(gluon.HybridBlock):  # type: ignore[misc]
    """Gives what `Heads` gives, for twice the work.

    Args:
        heads: trained; its layers are used.
    """

    def __init__(self, heads: Heads) -> None:
        super().__init__(prefix="")
        self.heads = heads

    def hybrid_forward(self, operators: Any, x: Any) -> tuple[Any, Any, Any]:
        """Look at images; returns scores, offsets and anchors as `Heads` does."""
        ssd = self.heads.ssd
        maps = ssd.features(operators.concat(x, operators.flip(x, axis=3), dim=0))
        scores, turned_scores = _both(operators, maps, ssd.class_predictors, ssd.num_classes + 1)
        offsets, turned = _both(operators, maps, ssd.box_predictors, 4)
        across = -operators.slice_axis(turned, axis=2, begin=0, end=1)
        others = operators.slice_axis(turned, axis=2, begin=1, end=4)
        turned_offsets = operators.concat(across, others, dim=2)
        anchors = self.heads.anchors(operators, maps)
        return (scores + turned_scores) / 2, (offsets + turned_offsets) / 2, anchors


def answering(heads: Heads, *, mirror: bool) -> Any:
    """Return what answers for a network: itself, or looking both ways."""
    return BothWays(heads) if mirror else heads


def _both(
    operators: Any, maps: list[Any], predictors: Iterable[Any], width: int
) -> tuple[Any, Any]:
    """Lay end to end what is said of the images, and of their mirror images turned back."""
    straight, turned = [], []
    for one, predict in zip(maps, predictors, strict=True):
        said = operators.split(predict(one), num_outputs=2, axis=0)
        straight.append(said[0])
        turned.append(operators.flip(said[1], axis=3))
    return joined(operators, straight, width), joined(operators, turned, width)
