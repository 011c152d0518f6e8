"""The settings of a FHIR server that orders films and asks for reads."""

from pydantic import Field

from wetread.settings_group import SettingsGroup

__all__ = ["FhirRequests"]


class FhirRequests(SettingsGroup):
    """Read from `record_fhir_url`, with the credentials, certificates and `record_patient_systems` of the record.

    Without that URL only what is handed in at our own door is followed. `owner`: the Tasks that are ours, 'Device/12' or 'system|value', "" for none; `tasks` and `service_requests` are further search parameters, no order is read without any.
    """

    owner: str = Field(default="", max_length=300)
    tasks: dict[str, str] = Field(default={})
    service_requests: dict[str, str] = Field(default={"category": "http://snomed.info/sct|363679005"})
    every_s: float = Field(default=15.0, ge=1, le=3600)

    def __str__(self) -> str:
        return f"every {self.every_s:g} s"
