"""What a save says of each of the machine's sentences, and by whom: kept with the report version, for its reader, for monitoring, for whoever asks later."""

from collections.abc import Collection
from datetime import datetime

from wetread.domain.report import Draft, Report, ReportContent
from wetread.domain.sentence_act import SentenceAct, SentenceFate, fates_by_text, sentence_id

__all__ = ["judged_sentences"]


def judged_sentences(
    draft: Draft, content: ReportContent, accepted: Collection[str] | None, before: Report, actor_id: str, now: datetime
) -> tuple[SentenceAct, ...]:
    """In the order of the draft. What is as it was `before` stays whose it was; a sentence that only stands and was never accepted is not in it.

    `accepted`: ids that the page says are accepted; None where the writer does not say: then those accepted before still are. Only what stands word for word can be accepted.
    """
    earlier = {each.sentence_id: each for each in before.judged}
    if accepted is None:
        accepted = {key for key, each in earlier.items() if each.fate is SentenceFate.ACCEPTED}
    drafted = [(each.section.value, each.text) for each in draft.sentences]
    fates = fates_by_text(drafted, {section.value: text for section, text in content.sections})
    found: dict[str, SentenceAct] = {}
    for key in (sentence_id(*each) for each in drafted):
        fate = fates[key]
        if fate is SentenceFate.KEPT:
            if key not in accepted:
                continue
            fate = SentenceFate.ACCEPTED
        known = earlier.get(key)
        found[key] = known if known and known.fate is fate else SentenceAct(key, fate, actor_id, now)
    return tuple(found.values())
