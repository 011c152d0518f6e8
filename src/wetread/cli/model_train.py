"""`wetread model train|calibrate|export`: the same as `python -m wetread.learning`, which alone needs torch."""

from wetread.domain.errors import PermanentError

__all__ = ["calibrate", "export", "train"]


def train(argv: list[str]) -> int:
    return _learn("train", argv)


def calibrate(argv: list[str]) -> int:
    return _learn("calibrate", argv)


def export(argv: list[str]) -> int:
    return _learn("export", argv)


def _learn(act: str, argv: list[str]) -> int:
    try:
        from wetread.learning.__main__ import main
    except ModuleNotFoundError as error:
        if (error.name or "wetread").split(".")[0] == "wetread":
            raise
        raise PermanentError(
            f"`wetread model {act}` needs the training libraries ({error.name} is not installed): "
            "pip install 'wetread[learning]'",
            code="no_learning",
        ) from error
    main([act, *argv])
    return 0
