"""Roles and acts: the permission table of docs/architecture.md as data. A service never signs (law 1)."""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.errors import NotPermitted

__all__ = ["CONSOLE", "EMERGENCY_ACTS", "PERMITTED", "SERVICE", "SYSTEMS", "Act", "Actor", "Role", "require"]


class Role(StrEnum):
    RADIOLOGIST = "radiologist"
    RESIDENT = "resident"
    TECHNOLOGIST = "technologist"
    ML_ENGINEER = "ml_engineer"
    QUALITY = "quality"
    ADMIN = "admin"
    SERVICE = "service"
    WORKFLOW = "workflow"
    """A system that asks for reads or performs work from our worklist."""


class Act(StrEnum):
    SEE_WORKLIST = "see_worklist"
    READ_STUDY = "read_study"
    EDIT_DRAFT = "edit_draft"
    SIGN = "sign"
    SIGN_PRELIMINARY = "sign_preliminary"
    ACKNOWLEDGE_CRITICAL = "acknowledge_critical"
    SEE_ROSTER = "see_roster"
    HAND_OVER = "hand_over"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    STORE_INSTANCE = "store_instance"
    SEE_WORKITEMS = "see_workitems"
    ASK_FOR_READ = "ask_for_read"
    """Put work on the worklist, change it before anybody begins, ask for its end."""
    PLACE_ORDER = "place_order"
    """Hand in an order of a film, and ask for its read, in FHIR."""
    PERFORM_WORKITEM = "perform_workitem"
    READ_OWN_AUDIT = "read_own_audit"
    READ_AUDIT = "read_audit"
    MANAGE_ACCOUNTS = "manage_accounts"
    RETRY_WORK = "retry_work"
    """See work that failed for good, and put it back."""
    SEE_SETTINGS = "see_settings"
    """See what the service runs with, and try its connections."""
    TRY_POLICY = "try_policy"
    """Check a triage policy and try it on stored studies; nothing is changed by it."""
    PROPOSE_POLICY = "propose_policy"
    APPROVE_POLICY = "approve_policy"
    """Bring a policy into use that somebody in the other role proposed, or take it back."""
    EXPORT_PREDICTIONS = "export_predictions"
    EXPORT_FILMS = "export_films"
    """Write films without names, and what was signed of them, to a folder for research."""
    MATCH_TRIALS = "match_trials"
    SEE_QUALITY = "see_quality"
    FREEZE_REFERENCE = "freeze_reference"
    SEE_ROLLOUTS = "see_rollouts"
    REGISTER_MODEL = "register_model"
    ASK_FOR_PROMOTION = "ask_for_promotion"
    APPROVE_PROMOTION = "approve_promotion"
    STOP_ROLLOUT = "stop_rollout"
    """Hold or roll back: the only acts on a rollout that a service has."""
    DRAW_RELABELLING = "draw_relabelling"
    ADJUDICATE = "adjudicate"
    SEE_RELABELLING = "see_relabelling"
    KEEP_DATASETS = "keep_datasets"
    KEEP_EVIDENCE = "keep_evidence"
    SEE_ERASURES = "see_erasures"
    """Erasures, what stays of erased studies, and legal holds."""
    ASK_FOR_ERASURE = "ask_for_erasure"
    APPROVE_ERASURE = "approve_erasure"
    """Agree to what somebody in the other role asked for; let a study that came again be read."""
    SET_LEGAL_HOLD = "set_legal_hold"
    LIFT_LEGAL_HOLD = "lift_legal_hold"
    """Of a hold that somebody in the other role set."""
    OPEN_IN_EMERGENCY = "open_in_emergency"
    """Look at one study that one's account does not reach, saying why: for `EMERGENCY_ACTS`, and never longer than a set time."""
    REVIEW_EMERGENCIES = "review_emergencies"
    """Judge afterwards what somebody else opened in an emergency."""


_R, _A = Role, Act
EMERGENCY_ACTS = frozenset({Act.READ_STUDY, Act.SEE_WORKLIST, Act.ACKNOWLEDGE_CRITICAL})
"""What an emergency opens a study for: to see it and its line, and to take a critical result. Who writes or signs a report answers for it to the site that gave them the right; an emergency gives none."""
SYSTEMS = frozenset({Role.SERVICE, Role.WORKFLOW})
"""Roles that no person holds."""
_ERASING = frozenset(
    {
        _A.SEE_ERASURES,
        _A.ASK_FOR_ERASURE,
        _A.APPROVE_ERASURE,
        _A.SET_LEGAL_HOLD,
        _A.LIFT_LEGAL_HOLD,
    }
)
"""Of quality and of administrators alike: each act takes one of both."""
PERMITTED: dict[Role, frozenset[Act]] = {
    _R.RADIOLOGIST: frozenset(
        {
            _A.SEE_WORKLIST,
            _A.READ_STUDY,
            _A.SEE_WORKITEMS,
            _A.ASK_FOR_READ,
            _A.EDIT_DRAFT,
            _A.SIGN,
            _A.ADJUDICATE,
            _A.MATCH_TRIALS,
            _A.ACKNOWLEDGE_CRITICAL,
            _A.SEE_ROSTER,
            _A.HAND_OVER,
            _A.ACKNOWLEDGE_ALARM,
            _A.READ_OWN_AUDIT,
            _A.OPEN_IN_EMERGENCY,
        }
    ),
    _R.RESIDENT: frozenset(
        {
            _A.SEE_WORKLIST,
            _A.READ_STUDY,
            _A.SEE_WORKITEMS,
            _A.ASK_FOR_READ,
            _A.EDIT_DRAFT,
            _A.SIGN_PRELIMINARY,
            _A.ACKNOWLEDGE_CRITICAL,
            _A.SEE_ROSTER,
            _A.HAND_OVER,
            _A.ACKNOWLEDGE_ALARM,
            _A.READ_OWN_AUDIT,
            _A.OPEN_IN_EMERGENCY,
        }
    ),
    _R.TECHNOLOGIST: frozenset({_A.SEE_WORKLIST, _A.SEE_ROSTER, _A.READ_OWN_AUDIT}),
    _R.ML_ENGINEER: frozenset(
        {
            _A.READ_OWN_AUDIT,
            _A.EXPORT_PREDICTIONS,
            _A.SEE_ROLLOUTS,
            _A.REGISTER_MODEL,
            _A.ASK_FOR_PROMOTION,
            _A.STOP_ROLLOUT,
            _A.SEE_RELABELLING,
            _A.KEEP_DATASETS,
        }
    ),
    _R.QUALITY: frozenset(
        {
            _A.SEE_WORKLIST,
            _A.READ_STUDY,
            _A.SEE_WORKITEMS,
            _A.SEE_ROSTER,
            _A.ACKNOWLEDGE_ALARM,
            _A.READ_OWN_AUDIT,
            _A.READ_AUDIT,
            _A.EXPORT_PREDICTIONS,
            _A.EXPORT_FILMS,
            _A.MATCH_TRIALS,
            _A.SEE_QUALITY,
            _A.TRY_POLICY,
            _A.PROPOSE_POLICY,
            _A.APPROVE_POLICY,
            _A.FREEZE_REFERENCE,
            _A.SEE_ROLLOUTS,
            _A.APPROVE_PROMOTION,
            _A.STOP_ROLLOUT,
            _A.DRAW_RELABELLING,
            _A.SEE_RELABELLING,
            _A.KEEP_DATASETS,
            _A.KEEP_EVIDENCE,
            _A.REVIEW_EMERGENCIES,
        }
        | _ERASING
    ),
    _R.ADMIN: frozenset(
        {
            _A.SEE_ROSTER,
            _A.HAND_OVER,
            _A.ACKNOWLEDGE_ALARM,
            _A.READ_OWN_AUDIT,
            _A.READ_AUDIT,
            _A.MANAGE_ACCOUNTS,
            _A.RETRY_WORK,
            _A.SEE_SETTINGS,
            _A.TRY_POLICY,
            _A.PROPOSE_POLICY,
            _A.APPROVE_POLICY,
            _A.SEE_QUALITY,
            _A.SEE_ROLLOUTS,
            _A.APPROVE_PROMOTION,
            _A.STOP_ROLLOUT,
            _A.REVIEW_EMERGENCIES,
        }
        | _ERASING
    ),
    _R.SERVICE: frozenset({_A.STORE_INSTANCE, _A.READ_OWN_AUDIT, _A.SEE_ROLLOUTS, _A.STOP_ROLLOUT}),
    _R.WORKFLOW: frozenset(
        {_A.SEE_WORKITEMS, _A.ASK_FOR_READ, _A.PLACE_ORDER, _A.PERFORM_WORKITEM, _A.STORE_INSTANCE, _A.READ_OWN_AUDIT}
    ),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's account or one of our services. `actor_id` is an account name, never a patient."""

    actor_id: str
    role: Role
    display_name: str = ""
    sites: tuple[str, ...] = ()
    """The sites whose studies this account reaches; none named: all of them."""
    only: frozenset[Act] | None = None
    """What a token that was given for less lets it do, of what its role may; None for all of that."""

    def reaches(self, site: str) -> bool:
        """Whether a study of `site` is there for this account. One of no known site is only there for who reaches all."""
        return not self.sites or site in self.sites

    def may(self, act: Act) -> bool:
        return act in PERMITTED[self.role] and (self.only is None or act in self.only)


SERVICE = Actor("wetread", Role.SERVICE, "wetread service")
CONSOLE = Actor("console", Role.ADMIN, "the command line")
"""Whoever may run our commands on the server: the operating system knows who that is, we do not."""


def require(actor: Actor, act: Act) -> None:
    """Raises NotPermitted when the actor's role, or the token they came with, does not hold `act`."""
    if not actor.may(act):
        raise NotPermitted(f"role {actor.role.value} may not {act.value.replace('_', ' ')}")
