"""What readers said of a finding before they saw the AI (second-reader mode) as the truth of a cell's studies: a basis of its own, in which the AI had no part.

One reader each, and only studies read in that mode: they are no random share of all, so nothing is weighted back to those.
"""

from dataclasses import replace

import numpy as np

from wetread.domain.quality import OwnReads
from wetread.monitoring.columns import CellColumns
from wetread.monitoring.numbers import agreement_numbers, rate

__all__ = ["own_reads"]

_TRUTH = {"positive": 1.0, "negative": 0.0}


def own_reads(columns: CellColumns) -> OwnReads | None:
    """None where nobody committed anything of this finding blind. A finding of which a reader said nothing has no label, whatever `monitor_unmentioned` is."""
    said = columns.where(columns.own != "")
    if not len(said):
        return None
    truth = np.array([_TRUTH.get(each, np.nan) for each in said.own])
    blind = replace(said, truth=truth, truth_probability=np.ones(len(said)))
    both = blind.labelled & said.labelled
    changed = rate("signed_otherwise", (truth != said.truth)[both], said.patients[both])
    return OwnReads(
        first_day=str(said.days[0]),
        last_day=str(said.days[-1]),
        studies=len(said),
        positive=int((truth == 1).sum()),
        negative=int((truth == 0).sum()),
        uncertain=int(np.isnan(truth).sum()),
        numbers=(*agreement_numbers(blind), changed),
    )
