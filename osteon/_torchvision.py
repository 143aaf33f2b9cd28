"""Makes `import torchvision` work beside a CPU build of torch.

The published torchvision carries CUDA operators; beside CPU torch its extension does not load, and importing
torchvision, timm, open_clip or transformers fails with `operator torchvision::nms does not exist`.
Declaring the two operators first is enough for transforms and models. `ops.nms` itself stays unavailable.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_declared: list[object] = []  # torch drops the declarations with the Library object


class _DeclareOperators(MetaPathFinder):
    """Declares the operators when torchvision is about to be imported; finds nothing itself."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            _declare()
        return None


def _declare() -> None:
    if _declared or importlib.util.find_spec("torch") is None:
        return
    import torch

    if torch.version.cuda is not None:
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)


def install() -> None:
    """The next import of torchvision finds its operators declared; costs nothing until then."""
    if "torchvision" not in sys.modules and not any(
        isinstance(finder, _DeclareOperators) for finder in sys.meta_path
    ):
        sys.meta_path.insert(0, _DeclareOperators())
