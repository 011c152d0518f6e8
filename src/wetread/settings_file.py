"""The settings file and the environment as they are read, and what is wrong with them in words."""

import os
import tomllib
from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from wetread.settings_channels import SettingsError

__all__ = ["ENVIRONMENT_PREFIX", "in_words", "read_settings_file", "refuse_unknown_environment"]

ENVIRONMENT_PREFIX = "WETREAD_"
_NOT_SETTINGS = {"WETREAD_CONFIG", "WETREAD_FAULT", "WETREAD_SHARED", "WETREAD_PARENT_PID"}


def read_settings_file(config: Path | None) -> dict[str, object]:
    """What the file says, {} where there is none; raises SettingsError."""
    path = config or (Path(os.environ["WETREAD_CONFIG"]) if "WETREAD_CONFIG" in os.environ else None)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path}: {error}") from error


def refuse_unknown_environment(known: Collection[str]) -> None:
    """Raises SettingsError for a WETREAD_* variable that is neither in `known` nor for something else."""
    unknown = sorted(
        each for each in os.environ if each.startswith(ENVIRONMENT_PREFIX) and each not in {*known, *_NOT_SETTINGS}
    )
    if unknown:
        raise SettingsError(f"unknown setting in the environment: {', '.join(unknown)} (see `wetread settings`)")


def in_words(error: ValidationError) -> str:
    """Names each setting, never its value."""
    lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False)]
    return "settings: " + "; ".join(lines)
