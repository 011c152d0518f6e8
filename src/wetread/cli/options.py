"""The options every subcommand shares: where the settings are."""

import argparse
from pathlib import Path

from wetread.settings import Settings, load_settings

__all__ = ["parser_for", "settings_from"]


def parser_for(name: str, description: str) -> argparse.ArgumentParser:
    """A parser with --config and --data-dir; `name` is the subcommand."""
    parser = argparse.ArgumentParser(prog=f"wetread {name}", description=description)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); default: $WETREAD_CONFIG")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where databases, films and keys live")
    return parser


def settings_from(args: argparse.Namespace, **overrides: object) -> Settings:
    """The settings under the command line's own options; raises SettingsError."""
    return load_settings(args.config, data_dir=args.data_dir, **overrides)
