"""The settings of how long studies are kept."""

from typing import Literal

from pydantic import Field

from wetread.settings_group import SettingsGroup

__all__ = ["StudyRetention"]


class StudyRetention(SettingsGroup):
    """`keep_days`: after a study's last film or signature; until then only a wrong upload or a court has it erased. `afterwards`: what a worker does once a day with what is due: nothing, propose it to two people, or have it erased."""

    keep_days: int = Field(ge=1, le=36500)
    afterwards: Literal["nothing", "propose", "erase"] = "nothing"
    studies_per_night: int = Field(default=100, ge=1, le=5000)
