"""What retrieval from the record stands on, put together: the text encoder and the snippet database. Built on first use: a service that asks no record never opens them."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from wetread.context.cases import CaseKeeper
from wetread.context.retention import Purged, Retention
from wetread.ports.case_store import CaseStore
from wetread.ports.clock import Clock
from wetread.ports.snippet_store import SnippetStore
from wetread.ports.text_encoder import TextEncoder
from wetread.settings import Settings

__all__ = [
    "build_case_keeper",
    "build_case_store",
    "build_retention",
    "build_snippet_store",
    "build_text_encoder",
    "case_store_opener",
    "has_snippet_database",
]


def build_text_encoder(settings: Settings) -> TextEncoder:
    """Raises PermanentError(code='no_text_encoder') when the chosen one is not installed: it is never silently another, whose scores mean something else."""
    if settings.text_encoder == "minilm":
        from wetread.runtimes.minilm_encoder import MiniLmEncoder

        return MiniLmEncoder()
    from wetread.runtimes.hashing_encoder import HashingEncoder

    return HashingEncoder()


def build_snippet_store(settings: Settings) -> SnippetStore:
    """Open (and on first use create) the snippet database. Raises TransientError while it is down."""
    from wetread.storage.snippets import SqlSnippetStore

    return SqlSnippetStore(_migrated(settings))


def build_case_store(settings: Settings) -> CaseStore:
    """As `build_snippet_store`, for films' vectors in the same database."""
    from wetread.storage.cases import SqlCaseStore

    return SqlCaseStore(_migrated(settings))


def build_case_keeper(settings: Settings, clock: Clock) -> CaseKeeper | None:
    """None where the site keeps no vectors of films."""
    return CaseKeeper(partial(build_case_store, settings), clock) if settings.similar_cases else None


def case_store_opener(settings: Settings) -> Callable[[], CaseStore] | None:
    """None where the site keeps no vectors of films."""
    return partial(build_case_store, settings) if settings.similar_cases else None


def build_retention(settings: Settings, clock: Clock) -> Retention:
    """Purges what is past `snippet_retention_days`; does not make a database to find it empty."""
    opened = cache(partial(build_snippet_store, settings))

    def open_store() -> Purged | None:
        return opened() if has_snippet_database(settings) else None

    return Retention(open_store, timedelta(days=settings.snippet_retention_days), clock)


def has_snippet_database(settings: Settings) -> bool:
    """False while nothing was ever kept in it: then none is made to find it empty."""
    return bool(settings.snippets_url.get_secret_value()) or _file(settings).exists()


def _migrated(settings: Settings) -> str:
    from wetread.storage.migrate import bring_up_to_date

    url = settings.resolved_snippets_url
    if not settings.snippets_url.get_secret_value():
        _file(settings).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    bring_up_to_date(url, "snippets")
    return url


def _file(settings: Settings) -> Path:
    return settings.data_dir / "snippets" / "snippets.db"
