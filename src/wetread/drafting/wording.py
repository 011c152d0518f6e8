"""A planned statement to a sentence of one language. Each slot of a phrase has one function here; what fills a slot is never read as a phrase."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache

from wetread.domain.drafting_context import Measurement
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Sentence
from wetread.drafting.catalogue import Catalogue, Noun, catalogue
from wetread.drafting.measure import amount, decimals, probability_text, quantity_of
from wetread.drafting.phrases import faults_of
from wetread.drafting.planned import PlannedStatement
from wetread.drafting.style import Style
from wetread.drafting.template import Template

__all__ = ["SLOTS", "Wording", "wording"]


@lru_cache(maxsize=32)
def wording(language: str, style: Style) -> "Wording":
    """The words of one of `catalogue.LANGUAGES` with a site's own in place of the catalogue's. Raises PermanentError 'bad_style' for phrases that may not stand in a draft."""
    spoken, own = catalogue(language), style.overrides(language)
    if faults := faults_of(language, own):
        raise PermanentError(f"the style's phrases: {'; '.join(faults)}", code="bad_style")
    limits = tuple(each for each in astuple(style.bands) if each is not None)
    return Wording(spoken, {**spoken.phrases, **{key: Template.parse(text) for key, text in own.items()}}, limits)


@dataclass(frozen=True, slots=True)
class Wording:
    """Pure. Two wordings of one language differ only in phrases that a site may restyle, and in the `limits` of their bands."""

    spoken: Catalogue
    phrases: Mapping[str, Template]
    limits: tuple[float, ...]

    @property
    def notice(self) -> str:
        return self.phrases["notice"].fill({})

    def certainty_word(self, certainty: Certainty) -> str:
        """ "Probable" in this site's words; "" where a finding is stated outright."""
        return self.phrases[f"certainty.{certainty.value}"].fill({})

    def render(self, planned: PlannedStatement) -> Sentence:
        text = self._fill(planned.key, planned)
        hedge = "; ".join(self._fill(key, planned) for key in planned.hedges)
        return Sentence(planned.section, text[:1].upper() + text[1:], planned.evidence, hedge, planned.certainty)

    def _fill(self, key: str, planned: PlannedStatement) -> str:
        filled = list(self.phrases[key].parts)
        for place in range(1, len(filled), 2):
            filled[place] = SLOTS[filled[place]](self, planned)
        return "".join(filled)

    def noun(self, planned: PlannedStatement) -> Noun:
        """The finding that the statement is about. Raises LookupError when it is about none."""
        if planned.finding is None:
            raise LookupError(f"{planned.claim} names no finding")
        return self.spoken.nouns[planned.finding]

    def what(self, planned: PlannedStatement) -> str:
        """ "left pneumothorax": the noun with its side, in the form that agrees with it."""
        noun = self.noun(planned)
        if not planned.laterality:
            return noun.text
        return self.phrases["order.sided"].fill({"side": noun.sides[planned.laterality], "finding": noun.text})

    def subject(self, planned: PlannedStatement) -> str:
        """ "Probable left pneumothorax"."""
        word = self.certainty_word(planned.certainty)
        what = self.what(planned)
        return self.phrases["order.hedged"].fill({"certainty": word, "what": what}) if word else what

    def relation(self, planned: PlannedStatement) -> str:
        return self._fill(planned.relation.value, planned) if planned.relation else ""

    def time(self, planned: PlannedStatement, phrase: str) -> str:
        """How long before the current study; `phrase` is "of_time" or "ago"."""
        days = planned.days_before
        variant = "unknown" if days is None else {0: "today", 1: "one"}.get(days, "many")
        return self.phrases[f"{phrase}.{variant}"].fill({"days": str(days)})

    def quotation(self, planned: PlannedStatement) -> str:
        opening, closing = self.spoken.quotation_marks
        return f"{opening}{planned.quoted}{closing}"

    def number(self, value: float | None, planned: PlannedStatement) -> str:
        """A probability, operating point or limit of a band, with the decimals that keep the probability on its side of each."""
        model = planned.evidence[0]
        compared = self.limits if model.threshold is None else (model.threshold, *self.limits)
        places = decimals(model.probability or 0.0, compared)
        return probability_text(value or 0.0, places, self.spoken.decimal_mark)

    def listed(self, names: tuple[FindingName, ...]) -> str:
        """ "mass, nodule or fracture"."""
        *first, last = (self.spoken.nouns[name].text for name in names)
        return self.phrases["order.listed"].fill({"first": ", ".join(first), "last": last}) if first else last

    def measured(self, planned: PlannedStatement) -> Measurement:
        """Raises LookupError when the statement is about no measurement."""
        if planned.measured is None:
            raise LookupError(f"{planned.claim} measures nothing")
        return planned.measured

    def kind(self, planned: PlannedStatement) -> str:
        return self.phrases[f"kind.{planned.kind}"].fill({})

    def quantity(self, planned: PlannedStatement) -> str:
        return self.phrases[f"quantity.{quantity_of(self.measured(planned))}"].fill({})


SLOTS: Mapping[str, Callable[[Wording, PlannedStatement], str]] = {
    "what": Wording.what,
    "subject": Wording.subject,
    "relation": Wording.relation,
    "is": lambda words, planned: words.noun(planned).is_,
    "no": lambda words, planned: words.noun(planned).no,
    "findings": lambda words, planned: words.listed(planned.uncalibrated),
    "probability": lambda words, planned: words.number(planned.evidence[0].probability, planned),
    "threshold": lambda words, planned: words.number(planned.evidence[0].threshold, planned),
    "limit": lambda words, planned: words.number(planned.limit, planned),
    "of_time": lambda words, planned: words.time(planned, "of_time"),
    "ago": lambda words, planned: words.time(planned, "ago"),
    "count": lambda _, planned: str(planned.count),
    "text": lambda _, planned: planned.quoted,
    "quoted": Wording.quotation,
    "source": lambda _, planned: planned.source_id,
    "kind": Wording.kind,
    "scheme": lambda _, planned: planned.code.scheme if planned.code else "",
    "code": lambda _, planned: planned.code.value if planned.code else "",
    "quantity": Wording.quantity,
    "amount": lambda words, planned: amount(words.measured(planned), words.spoken.decimal_mark),
    "unit": lambda words, planned: words.spoken.units[words.measured(planned).unit],
}
