"""What retrieval from the record stands on, put together: the text encoder and the snippet database. Built on first use: a service without a record never opens them."""

from wetread.ports.snippet_store import SnippetStore
from wetread.ports.text_encoder import TextEncoder
from wetread.settings import Settings

__all__ = ["build_snippet_store", "build_text_encoder"]


def build_text_encoder(settings: Settings) -> TextEncoder:
    """Raises PermanentError(code='no_text_encoder') when the chosen one is not installed: it is never silently another, whose scores mean something else."""
    if settings.text_encoder == "minilm":
        from wetread.runtimes.minilm_encoder import MiniLmEncoder

        return MiniLmEncoder()
    from wetread.runtimes.hashing_encoder import HashingEncoder

    return HashingEncoder()


def build_snippet_store(settings: Settings) -> SnippetStore:
    """Open (and on first use create) the snippet database. Raises TransientError while it is down."""
    from wetread.storage.migrate import bring_up_to_date
    from wetread.storage.snippets import SqlSnippetStore

    _make_folder(settings)
    bring_up_to_date(settings.resolved_snippets_url, "snippets")
    return SqlSnippetStore(settings.resolved_snippets_url)


def _make_folder(settings: Settings) -> None:
    if not settings.snippets_url.get_secret_value():
        (settings.data_dir / "snippets").mkdir(mode=0o700, parents=True, exist_ok=True)
