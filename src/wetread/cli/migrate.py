"""`wetread migrate`: the databases brought to this release's tables, by a role that owns them. A service whose role may do it does so by itself when it starts."""

from wetread.bootstrap_retrieval import has_snippet_database
from wetread.cli.options import parser_for, settings_from
from wetread.storage.migrate import upgrade

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "migrate",
        "Bring the databases to this release's tables: all or nothing each. Given the addresses of a role that owns the tables, the service needs no right to change them.",
    )
    settings = settings_from(parser.parse_args(argv))
    urls = {"work": settings.resolved_database_url, "vault": settings.resolved_vault_url}
    if has_snippet_database(settings):
        urls["snippets"] = settings.resolved_snippets_url
    for which, url in urls.items():
        print(f"{which:<9} {'migrated' if upgrade(url, which) else 'nothing to do'}")
    return 0
