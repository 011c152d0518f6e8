"""`wetread context STUDY --as USER`: what a draft of this study would be given beside its findings, if it were written now."""

from wetread.bootstrap import Core, build_desk
from wetread.bootstrap_context import build_context
from wetread.bootstrap_orders import build_orders_of
from wetread.cli.options import account_options, parser_for
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.drafting_context import DraftingContext, PriorStudy, Snippet
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Actor

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "context",
        "Indication, signed priors and pieces of the record as a draft would be given them: scrubbed, by days before the study and opaque source id. The look is audited.",
    )
    parser.add_argument("study", metavar="STUDY", help="study key, as the worklist shows it")
    account_options(parser, "who looks; asks for the password")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    seen = build_desk(core).look(actor, StudyKey(args.study))
    source = build_context(
        core.settings, core.database, core.vault, core.clock, core.secret, build_orders_of(core.settings, core.vault)
    )
    context = source.gather(seen.study, None if seen.study.reason else seen.analysis).drafting
    _audit(core, actor, seen.study.study_key, context)
    print("\n".join(_in_words(context)))
    return 0


def _audit(core: Core, actor: Actor, study_key: StudyKey, context: DraftingContext) -> None:
    """The record may have been read for this look: that is an act of its own."""
    facts = (("priors", str(len(context.priors))), ("snippets", str(len(context.snippets))))
    with core.database.begin() as unit:
        unit.audit(AuditEvent("study.context", actor.actor_id, study_key=study_key, detail=facts), core.clock.now())
        unit.commit()


def _in_words(context: DraftingContext) -> list[str]:
    codes = [f"{each.scheme} {each.value} {each.meaning}" for each in context.indication_codes]
    parts = {
        "indication": [*filter(None, [context.indication_text]), *codes],
        "signed priors": [_prior(each) for each in context.priors],
        "record": [_snippet(each) for each in context.snippets],
        "problems": context.problems,
    }
    return [line for title, lines in parts.items() for line in (title, *(f"  {each}" for each in lines or ["none"]))]


def _snippet(snippet: Snippet) -> str:
    where = f"{_age(snippet.days_before):<18} {snippet.kind.value:<19}"
    return (
        f"{where} score {snippet.score:.2f}, suspicion {snippet.suspicion:.2f}  {snippet.source_id}\n    {snippet.text}"
    )


def _prior(prior: PriorStudy) -> str:
    said = [f"{'' if each.present else 'no '}{each.laterality} {each.name.value}".strip() for each in prior.findings]
    return f"{_age(prior.days_before):<18} {', '.join(said) or 'no structured finding'}  {prior.source_id}"


def _age(days_before: int | None) -> str:
    return "undated" if days_before is None else f"{days_before} days before"
