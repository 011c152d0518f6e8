"""Where each setting's value comes from, for `wetread settings` and the administration page: secrets masked."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from wetread.settings import ENVIRONMENT_PREFIX, AllowedCaller, Remote, Settings, read_settings_file

__all__ = ["SourcedValue", "explain"]


@dataclass(frozen=True, slots=True)
class SourcedValue:
    """One setting as shown to a person: secrets masked, and where the value came from."""

    name: str
    value: str
    source: str
    description: str


def explain(settings: Settings, config: Path | None = None) -> tuple[SourcedValue, ...]:
    """Every setting with its value and source, for `wetread settings`."""
    from_file = read_settings_file(config)
    return tuple(
        SourcedValue(name, _shown(getattr(settings, name)), _source(name, from_file), field.description or "")
        for name, field in Settings.model_fields.items()
    )


def _source(name: str, from_file: dict[str, object]) -> str:
    variable = ENVIRONMENT_PREFIX + name.upper()
    if found := next((each for each in (variable, f"{variable}_FILE") if os.environ.get(each)), ""):
        return f"environment {found}"
    return "file" if name in from_file else "default"


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return ", ".join(_shown(each) for each in value)
    if isinstance(value, AllowedCaller):
        return f"{value.ae_title}@{value.address}" if value.address else value.ae_title
    if isinstance(value, Remote):
        return f"{value.ae_title}@{value.host}:{value.port}"
    if isinstance(value, dict):
        return ", ".join(f"{name} ({getattr(each, 'kind', each)})" for name, each in value.items())
    return "" if value is None else str(value)
