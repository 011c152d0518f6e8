"""The settings file and the environment as they are read, and what is wrong with them in words."""

import json
import os
import tomllib
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from wetread.domain.errors import SettingsError

__all__ = [
    "ENVIRONMENT_PREFIX",
    "in_words",
    "read_environment",
    "read_secret_files",
    "read_settings_file",
    "refuse_unknown_environment",
    "secret_files",
]

ENVIRONMENT_PREFIX = "WETREAD_"
_NO_NETWORK = "that is no network, like 10.0.0.0/8, without bits beyond its mask"
_PLAIN = {
    "missing": "it is missing",
    "path_type": "it is to be a path, in quotes",
    "ip_v4_network": _NO_NETWORK,
    "ip_v6_network": _NO_NETWORK,
}
"""What pydantic would say in words of its own, by its type of error."""
_NOT_SETTINGS = {"WETREAD_CONFIG", "WETREAD_FAULT", "WETREAD_SHARED", "WETREAD_PARENT_PID", "WETREAD_KEYS_FD"}


def read_settings_file(config: Path | None) -> dict[str, object]:
    """What the file says, {} where there is none; raises SettingsError."""
    path = config or (Path(os.environ["WETREAD_CONFIG"]) if "WETREAD_CONFIG" in os.environ else None)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path} is not TOML: {error}; texts stand in quotes") from error


def refuse_unknown_environment(known: Collection[str]) -> None:
    """Raises SettingsError for a WETREAD_* variable that is neither in `known` nor for something else."""
    unknown = sorted(
        each for each in os.environ if each.startswith(ENVIRONMENT_PREFIX) and each not in {*known, *_NOT_SETTINGS}
    )
    if unknown:
        named = ", ".join(f"{each}{_meant(each, known)}" for each in unknown)
        raise SettingsError(f"unknown setting in the environment: {named} (see `wetread settings`)")


def secret_files(fields: Mapping[str, FieldInfo]) -> dict[str, str]:
    """The variable that names a file for each setting that is a secret, and the setting: WETREAD_DATABASE_URL_FILE."""
    return {f"{ENVIRONMENT_PREFIX}{name.upper()}_FILE": name for name, each in fields.items() if _is_secret(each)}


def read_secret_files(fields: Mapping[str, FieldInfo]) -> dict[str, object]:
    """What the files hold that WETREAD_*_FILE variables name, without white space around it. Raises SettingsError where one cannot be read, or the secret itself is in the environment too."""
    read: dict[str, object] = {}
    for variable, name in secret_files(fields).items():
        if not (file := os.environ.get(variable)):
            continue
        if (itself := variable.removesuffix("_FILE")) in os.environ:
            raise SettingsError(f"{itself} and {variable} are both set: which one counts?")
        try:
            read[name] = Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}: {file} cannot be read ({type(error).__name__})") from None
    return read


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def read_environment(fields: Mapping[str, FieldInfo]) -> dict[str, object]:
    """What WETREAD_* variables, in capitals or not, say of `fields`. Tables and lists stand there as JSON, except those that read text themselves."""
    given = {name.lower(): text for name, text in os.environ.items()}
    return {
        name: _from_json(given[variable]) if _is_json(field) else given[variable]
        for name, field in fields.items()
        if (variable := ENVIRONMENT_PREFIX.lower() + name) in given
    }


def _is_json(field: FieldInfo) -> bool:
    reads_text = any(isinstance(each, BeforeValidator) for each in field.metadata)
    return not reads_text and _is_table(field.annotation)


def _is_table(annotation: object) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        return any(_is_table(each) for each in get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and issubclass(kind, (BaseModel, dict, tuple))


def _from_json(text: str) -> object:
    """What is no JSON is left as it is: validation says what is wrong with it, by the setting's name."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def in_words(error: ValidationError, known: Collection[str]) -> str:
    """Names each setting, never its value; an unknown one with the one of `known` that it may have been meant for."""
    lines = [_wrong(each["type"], each["loc"], each["msg"], known) for each in error.errors(include_input=False)]
    return "settings: " + "; ".join(dict.fromkeys(lines))


def _wrong(kind: str, loc: Sequence[int | str], said: str, known: Collection[str]) -> str:
    if kind in ("ip_v4_network", "ip_v6_network"):  # tried as each in turn, under a name that only pydantic knows
        loc = loc[:-1]
    said = _PLAIN.get(kind, said)
    where = ", ".join(f"entry {each + 1}" if isinstance(each, int) else each for each in loc)
    if kind == "extra_forbidden":
        return f"{where}: there is no such setting{_meant(str(loc[0]), known) if len(loc) == 1 else ' in that table'} (see `wetread settings`)"
    if loc and loc[-1] in ("ae_title", "move_ae_title") and kind == "string_pattern_mismatch":
        return f"{where}: an AE title has 1 to 16 characters of ASCII, without a backslash (PS3.5 VR AE)"
    return f"{where}: {said.removeprefix('Value error, ')}"


def _meant(unknown: str, known: Collection[str]) -> str:
    """A question with the likeliest of `known`, "" where none is alike."""
    names = {each.removeprefix(ENVIRONMENT_PREFIX): each for each in known}
    alike = get_close_matches(unknown.removeprefix(ENVIRONMENT_PREFIX), names, n=1)
    return f": did you mean {names[alike[0]]}?" if alike else ""
