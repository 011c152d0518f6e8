"""multipart/related answers (RFC 2387, PS3.18 §8.6.1): one part after the other, each made when the one before it has been sent."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from starlette.responses import Response, StreamingResponse

from wetread.web.accept import RELATED
from wetread.web.operations import Call

__all__ = ["boundary_of", "length_of", "multipart", "one_by_one", "related", "related_type"]

_T = TypeVar("_T")


def related(
    parts: Iterable[tuple[str, Iterable[bytes]]], kind: str, boundary: str, headers: Mapping[str, str] | None = None
) -> Response:
    """`parts`: content type and bytes of each; `kind`: the media type they share."""
    return StreamingResponse(multipart(parts, boundary), headers=headers, media_type=related_type(kind, boundary))


def related_type(kind: str, boundary: str) -> str:
    return f'{RELATED}; type="{kind}"; boundary={boundary}'


def multipart(parts: Iterable[tuple[str, Iterable[bytes]]], boundary: str) -> Iterator[bytes]:
    for described, pieces in parts:
        yield _head(described, boundary)
        yield from pieces
        yield b"\r\n"
    yield _end(boundary)


def length_of(parts: Iterable[tuple[str, int]], boundary: str) -> int:
    """Of the whole answer, by content type and size of each part."""
    return sum(len(_head(described, boundary)) + size + 2 for described, size in parts) + len(_end(boundary))


def one_by_one(first: _T, others: Sequence[Callable[[], _T]]) -> Iterator[_T]:
    """`first`, which was made to see whether it can be, then the others as they are wanted."""
    yield first
    for make in others:
        yield make()


def boundary_of(call: Call) -> str:
    return f"wetread-{call.house.services.new_secret()}".replace("_", "-")


def _head(described: str, boundary: str) -> bytes:
    return f"--{boundary}\r\nContent-Type: {described}\r\n\r\n".encode()


def _end(boundary: str) -> bytes:
    return f"--{boundary}--\r\n".encode()
