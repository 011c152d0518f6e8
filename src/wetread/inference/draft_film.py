"""Whether a composer that sees may see the film, and as what: small, grey, and never with writing on it (law 4)."""

from dataclasses import dataclass

from wetread.domain.analysis import Analysis
from wetread.domain.drafting_context import MOST_FILM_SIDE_PX, FilmPixels
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.study import Instance
from wetread.inference.text_in_image import TEXT_IN_IMAGE, find_writing
from wetread.ports.decoder import FilmDecoder
from wetread.ports.file_store import FileStore

__all__ = ["DraftFilms"]


@dataclass(frozen=True, slots=True)
class DraftFilms:
    """The film that was read, for its draft."""

    files: FileStore
    decoder: FilmDecoder

    def of(self, analysis: Analysis, instances: tuple[Instance, ...]) -> FilmPixels | None:
        """None with writing on it, by the pixels or by the header (0028,0301), and when it cannot be decoded now: a draft does not wait for a picture."""
        from wetread.inference.resample import displayed_grey

        read = [each for each in instances if each.instance_key == analysis.instance_key]
        if not read or _has_writing(analysis, read[0]):
            return None
        try:
            path = self.files.path_of(read[0].content_sha256)
            decoded = self.decoder.decode(path, needed_side_px=MOST_FILM_SIDE_PX)
        except (TransientError, PermanentError):
            return None
        # again: for reading it may have been halved until small letters were gone
        if find_writing(decoded.stored).beyond_markers:
            return None
        grey = displayed_grey(decoded, MOST_FILM_SIDE_PX)
        return FilmPixels(grey.shape[0], grey.shape[1], grey.tobytes())


def _has_writing(analysis: Analysis, film: Instance) -> bool:
    return film.traits.burned_in_annotation == "YES" or any(f.code == TEXT_IN_IMAGE for f in analysis.quality)
