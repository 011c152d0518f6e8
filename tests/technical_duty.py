"""A house whose technical duty is Dev, whom mail reaches: what pages must really arrive somewhere."""

from pathlib import Path

__all__ = ["paging_dev"]

_ROSTER = """
roster_version: "1"
people:
  dev: {name: Dev, contacts: [{channel: email, address: dev@hospital.example}]}
sites:
  main:
    time_zone: Europe/Berlin
    duties: {primary: {layers: [{people: [dev]}]}, system: {layers: [{people: [dev]}]}}
"""
_SETTINGS = """
deadman_after_s = 15

[notification_channels.email]
kind = "email"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "wetread@hospital.example"
"""


def paging_dev(folder: Path, smtp_port: int) -> dict[str, str]:
    """The settings, by their names without WETREAD_; `folder` gets the files that they name."""
    (folder / "roster.yaml").write_text(_ROSTER)
    (folder / "settings.toml").write_text(_SETTINGS.format(port=smtp_port))
    return {"CONFIG": str(folder / "settings.toml"), "ROSTER_FILE": str(folder / "roster.yaml")}
