"""What every group of settings is: frozen, without unknown keys, and silent about values in its errors."""

from pydantic import BaseModel, ConfigDict

__all__ = ["SettingsGroup"]


class SettingsGroup(BaseModel):
    """`defer_build`: the whole is built in one go when settings are first read; each group by itself, at import, would be built twice."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)
