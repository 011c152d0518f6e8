"""Gathers what is known of a study beyond its film (`ports.context_source`): the indication from its order or header, signed priors, and what of the record bears on it.

A draft never waits for context. What cannot be had is a problem that the draft says.
"""

from dataclasses import dataclass

from wetread.context.assemble import indication_of, raw_indication, subject_of
from wetread.context.injection import SUSPICION_LIMIT
from wetread.context.priors import fetch_problems, prior_study, signed_priors
from wetread.context.record_snippets import RecordSnippets
from wetread.context.retrieve import questions
from wetread.domain.analysis import Analysis
from wetread.domain.drafting_context import DraftingContext
from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import source_id
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.study import Indication, Study
from wetread.ports.context_source import StudyContext
from wetread.ports.database import Database
from wetread.ports.order_store import OrdersOf, no_orders
from wetread.ports.priors import dated_priors
from wetread.ports.vault import Vault

__all__ = ["ContextGatherer"]

_LEFT_OUT = "the indication reads like an instruction and was left out"


@dataclass(frozen=True, slots=True)
class ContextGatherer:
    """Implements `ports.context_source.ContextSource`. At most `most_priors`, none older than `within_days`."""

    database: Database
    vault: Vault
    snippets: RecordSnippets
    secret: bytes
    most_priors: int
    within_days: int
    orders: OrdersOf = no_orders

    def gather(self, study: Study, analysis: Analysis | None) -> StudyContext:
        try:
            dated = dated_priors(study.study_key, self.vault)
        except StudyNotFound:
            problem = "indication, priors and record are unknown: the vault has lost this study"
            return StudyContext(DraftingContext(problems=(problem,)), has_prior=False)
        named = self.vault.on_behalf_of(of_service(Purpose.CONTEXT))
        headers = [each.header for each in named.instances(study.study_key)]
        current, orders = named.study(study.study_key).identity, self.orders(study.study_key)
        people = (each.person for each in orders)
        subject = subject_of(headers, study.received_at.date(), self.secret, current, people)
        said = raw_indication(headers, orders)
        suspicious = self._is_suspicious(said)
        indication = Indication() if suspicious else indication_of(said, subject)
        with self.database.begin(write=False) as unit:
            priors = signed_priors(study, dated, unit, most=self.most_priors, within_days=self.within_days)
            search = unit.prior_search(study.study_key)
        asked = questions(analysis.findings if analysis else (), indication.text)
        snippets, problems = self.snippets.find(study.study_key, subject, priors, asked)
        context = DraftingContext(
            indication_codes=indication.codes,
            indication_text=indication.text,
            priors=tuple(
                prior_study(each, lambda key: source_id(self.secret, "draft", study.study_key, "prior", key))
                for each in priors
            ),
            snippets=snippets,
            problems=((_LEFT_OUT,) if suspicious else ()) + problems + fetch_problems(search),
        )
        return StudyContext(context, has_prior=bool(dated))

    def _is_suspicious(self, indication: Indication) -> bool:
        """A snippet carries its suspicion and is left to the composer's limit; an indication has no place for one."""
        said = [indication.text, *(each.meaning for each in indication.codes)]
        return any(self.snippets.suspicion(text) >= SUSPICION_LIMIT for text in said if text)
