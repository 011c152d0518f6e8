"""The settings of how long studies are kept."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["StudyRetention"]


class StudyRetention(BaseModel):
    """`keep_days`: after a study's last film or signature; until then only a wrong upload or a court has it erased."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(ge=1, le=36500)
