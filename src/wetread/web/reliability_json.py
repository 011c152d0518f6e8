"""What became of films with scores like this study's, as JSON: only where the scores themselves are shown."""

from wetread.domain.reliability import ALL_SITES, BLIND, FEWEST, Reliability, share_like
from wetread.signoff.desk import Reading
from wetread.web.reading_json import Json

__all__ = ["reliability_json"]


def reliability_json(reading: Reading, counted: Reliability | None) -> Json | None:
    """By finding; None where the AI is withheld, has no number, or the film is unlike those that were counted. `scope`: "site", "all" sites or "few" (nothing is said but n)."""
    analysis = reading.analysis
    if reading.exposure.hides or analysis is None or analysis.out_of_distribution:
        return None
    if counted is None:
        return {"made_at": None, "since": None, "fewest": FEWEST, "findings": {}}
    site, shares = reading.study.traits.site, counted.shares
    found: dict[str, Json] = {}
    for each in analysis.findings:
        if each.probability is None:
            continue
        share = share_like(shares, site, each.name.value, analysis.model.sha256, each.probability)
        if share is None or share.n < FEWEST:
            found[each.name.value] = {"scope": "few", "n": share.n if share else 0}
            continue
        found[each.name.value] = {
            "scope": "all" if share.site == ALL_SITES else "site",
            "basis": "blind" if share.basis == BLIND else "naive",
            "from": share.low,
            "to": share.high,
            "n": share.n,
            "had": share.had,
            "low": share.share_low,
            "high": share.share_high,
        }
    return {"made_at": counted.made_at.isoformat(), "since": counted.since, "fewest": FEWEST, "findings": found}
