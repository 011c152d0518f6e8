"""What a person must say about a foreign network before it may read a film: `description.toml`, checked."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.inference.json_reader import JsonValue, Misfit

__all__ = ["Description", "read_description"]


@dataclass(frozen=True, slots=True)
class Description:
    """A foreign network's own terms. Channel c of its input is ((low + x * (high - low)) - mean[c]) / std[c], x being 0..1 MONOCHROME2."""

    name: str
    version: str
    intended_use: str
    not_for: str
    licence: str
    training_data: str
    view_positions: tuple[str, ...]
    side_px: int
    low: float
    high: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    output: str
    """Empty: the only one there is."""
    activation: str
    labels: tuple[str, ...]
    findings: dict[str, FindingName]
    architecture: str = ""
    """The timm model that a checkpoint belongs to."""

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Labels of the network that become no finding here."""
        return tuple(label for label in self.labels if label not in self.findings)

    @property
    def affine(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(scale, offset) per channel: the network's input is x * scale + offset."""
        scale = tuple((self.high - self.low) / std for std in self.std)
        offset = tuple((self.low - mean) / std for mean, std in zip(self.mean, self.std, strict=True))
        return scale, offset


def read_description(path: Path) -> Description:
    """Raises PermanentError(code='bad_description') that names the place and the problem."""
    try:
        return _description(JsonValue(tomllib.loads(path.read_text("utf-8")), path.name))
    except OSError as error:
        raise PermanentError(
            f"{path}: {error.strerror}; write a description.toml first", code="bad_description"
        ) from error
    except ValueError as error:  # tomllib's, the decoder's and Misfit
        raise PermanentError(f"the description does not fit: {error}", code="bad_description") from error


def _description(said: JsonValue) -> Description:
    given, output = said["input"], said["output"]
    low, high = (each.number() for each in given["value_range"].items(at_least=2)[:2])
    mean = tuple(each.number() for each in given["mean"].items(at_least=1))
    std = tuple(each.number(low=1e-6) for each in given["std"].items(at_least=1))
    if len(mean) not in (1, 3) or len(std) != len(mean) or high <= low:
        raise Misfit(
            "input: mean and std need one (grey) or three (RGB) numbers each, value_range a low and a higher one"
        )
    output["activation"].one_of("logits", "sigmoid")
    labels = tuple(each.text() for each in output["labels"].items(at_least=1))
    return Description(
        name=said["name"].text(r"[a-z0-9][a-z0-9._-]{0,63}"),
        version=said["version"].text(r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)?"),
        intended_use=said["intended_use"].text(),
        not_for=said["not_for"].text(),
        licence=said["licence"].text(),
        training_data=said["training_data"].text(),
        view_positions=tuple(each.text() for each in said["view_positions"].items(at_least=1)),
        side_px=given["side_px"].integer(32, 2048),
        low=low,
        high=high,
        mean=mean,
        std=std,
        output=name.text() if (name := output.get("name")) else "",
        activation=output["activation"].text(),
        labels=labels,
        findings=_findings(said["findings"], labels),
        architecture=_architecture(said.get("architecture"), len(labels), len(mean)),
    )


def _architecture(said: JsonValue | None, labels: int, channels: int) -> str:
    """The counts are known from the labels and the mean; a description that says them must say the same."""
    if said is None:
        return ""
    for key, known, source in (("num_classes", labels, "output.labels"), ("in_chans", channels, "input.mean")):
        given = said.get(key)
        if given is not None and given.integer(1, 4096) != known:
            raise Misfit(f"{given.place}: is {given.value}, but {source} has {known}")
    return said["name"].text(r"[A-Za-z0-9_.]{1,64}")


def _findings(said: JsonValue, labels: tuple[str, ...]) -> dict[str, FindingName]:
    found = {}
    for label, name in said.members():
        name.one_of(*FindingName)
        if label not in labels:
            raise Misfit(f"findings: {label!r} is not among output.labels")
        found[label] = FindingName(name.text())
    if not found or len(set(found.values())) != len(found) or len(set(labels)) != len(labels):
        raise Misfit("findings: at least one is needed, and no label and no finding twice")
    return found
