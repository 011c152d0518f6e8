"""Training, calibration, evaluation and export of chest-radiograph models (optional extra `learning`; torch lives only here).

Run `python -m wetread.learning --help`.
"""

__all__: list[str] = []
