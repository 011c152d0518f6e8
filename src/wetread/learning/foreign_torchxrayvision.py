"""What torchxrayvision itself knows of its DenseNet weights: their file, labels and input, so that no description is needed.

Its networks answer with op_norm(sigmoid(logit)), a map that puts each label's operating point at 0.5 (torchxrayvision.models.op_norm): no probability.
The import leaves op_norm and the sigmoid out and takes the logit.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.learning.description import Description
from wetread.learning.foreign_torch import require_torch

__all__ = ["KnownWeights", "describe", "find_weights"]


@dataclass(frozen=True, slots=True)
class KnownWeights:
    """`name` is torchxrayvision's own (densenet121-res224-all), or empty for a file it does not know."""

    name: str
    path: Path


def find_weights(source: str) -> KnownWeights:
    """A file, or the name of weights that torchxrayvision has downloaded before; nothing is downloaded here. Raises PermanentError(code='no_file')."""
    library = _library()
    known: dict[str, Any] = {k: v for k, v in library.models.model_urls.items() if k.startswith("densenet")}
    files = {name: Path(stated["weights_url"]).name for name, stated in known.items()}
    path = Path(source)
    if path.is_file():
        return KnownWeights(next((n for n, file in files.items() if path.name == file or path.stem == n), ""), path)
    if source not in known:
        raise PermanentError(
            f"{source}: no such file, and no weights of torchxrayvision's DenseNet; it has {', '.join(known)}",
            code="no_file",
        )
    kept = Path(library.utils.get_cache_dir()).expanduser() / files[source]
    if not kept.is_file():
        raise PermanentError(
            f"the weights {source} are not on this machine, and wetread downloads none: "
            f"fetch {known[source]['weights_url']} and give the file",
            code="no_file",
        )
    return KnownWeights(source, kept)


def describe(weights: KnownWeights) -> Description:
    """The library's own words. Raises PermanentError(code='bad_description') for a file it does not know."""
    if not weights.name:
        raise PermanentError(
            f"torchxrayvision does not know {weights.path.name}: name the file after its weights (densenet121-res224-all.pt), "
            "or say the labels with --describe",
            code="bad_description",
        )
    stated = _library().models.model_urls[weights.name]
    labels = tuple(label or f"unused output {place}" for place, label in enumerate(stated["labels"]))
    names = {label: label.lower().replace(" ", "_") for label in labels}
    return Description(
        name=f"torchxrayvision-{weights.name}",
        version="1.0.0",
        intended_use="Research on frontal chest radiographs",
        not_for="Diagnosis or any clinical decision",
        licence="Apache-2.0 (torchxrayvision); the films it learned from have terms of their own",
        training_data=stated.get("description", f"What torchxrayvision documents for its weights {weights.name}"),
        view_positions=("PA", "AP"),
        side_px=stated["input_resolution"],
        low=-1024.0,
        high=1024.0,
        mean=(0.0,),
        std=(1.0,),
        output="",
        activation="logits",
        labels=labels,
        findings={label: FindingName(name) for label, name in names.items() if name in set(FindingName)},
    )


def _library() -> Any:
    require_torch()
    from wetread.learning.foreign_checkpoint import import_beside_torch

    return import_beside_torch("torchxrayvision")
