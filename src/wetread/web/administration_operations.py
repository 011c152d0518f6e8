"""The administration pages' operations: a part of the table in `operation_table`."""

from wetread.domain.role import Act
from wetread.web import accounts_view, audit_view, connections_view, dead_letters_view, models_view, policy_view
from wetread.web.operations import Handler, Operation, Query, by_person

__all__ = ["ADMINISTRATION_OPERATIONS"]

_AUDIT_QUERY = (
    Query("actor", "whose acts; one's own only without read_audit"),
    Query("action", "the beginning of an action, as report. or login"),
    Query("study", "study key"),
    Query("address", "the network address that it was done from"),
    Query("since", "ISO 8601 time with its zone"),
    Query("until", "ISO 8601 time with its zone; left out itself"),
)
_ACCOUNT = "/api/accounts/{actor_id}"
_POLICY = "/api/policy/versions"
_ROLLOUT = "/api/rollouts/{model}"


def _step(name: str, summary: str, handler: Handler, act: Act) -> Operation:
    body = models_view.ASK_BODY if name == "ask" else models_view.STEP_BODY
    return by_person(
        "POST", f"{_ROLLOUT}/{name.replace('_', '-')}", f"rollout_{name}", summary, handler, "the rollout", act, body
    )


ADMINISTRATION_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/dead-letters", "dead_letters", "Work that failed for good, with the reason.", dead_letters_view.get_dead_letters, "jobs", act=Act.RETRY_WORK),
    by_person("POST", "/api/dead-letters/retry", "retry_work", "Put dead jobs back in the queue. Audited.", dead_letters_view.retry, "those that were put back", Act.RETRY_WORK, dead_letters_view.RETRY_BODY),
    Operation("GET", "/api/audit/search", "search_audit", "Audit records by person, action, study and time, newest first; with the chain's status.", audit_view.search_audit, "records", act=Act.READ_OWN_AUDIT, query=(*_AUDIT_QUERY, Query("before", "sequence: the page after"), Query("limit", "up to 500")), slow=True),
    Operation("GET", "/api/audit.csv", "export_audit", "The same as CSV, up to 50,000. Audited.", audit_view.export_audit, "CSV", act=Act.READ_OWN_AUDIT, query=_AUDIT_QUERY, media_type="text/csv", slow=True),
    Operation("GET", "/api/accounts", "accounts", "Accounts and sessions.", accounts_view.get_accounts, "accounts, sessions", act=Act.MANAGE_ACCOUNTS),
    by_person("POST", "/api/accounts", "add_account", "A new account; asks for the administrator's password. Audited.", accounts_view.add_account, "as `accounts`", Act.MANAGE_ACCOUNTS, accounts_view.ADD_BODY),
    by_person("PUT", f"{_ACCOUNT}/role", "set_role", "Another role; never one's own. Ends their sessions. Audited.", accounts_view.set_role, "as `accounts`", Act.MANAGE_ACCOUNTS, accounts_view.ROLE_BODY),
    by_person("PUT", f"{_ACCOUNT}/sites", "set_sites", "The sites it reaches, none for all; never one's own. Ends their sessions. Audited.", accounts_view.set_sites, "as `accounts`", Act.MANAGE_ACCOUNTS, accounts_view.SITES_BODY),
    by_person("PUT", f"{_ACCOUNT}/disabled", "set_disabled", "Disable or enable; never oneself. Ends their sessions. Audited.", accounts_view.set_disabled, "as `accounts`", Act.MANAGE_ACCOUNTS, accounts_view.DISABLE_BODY),
    by_person("PUT", f"{_ACCOUNT}/password", "set_password", "A new password. Ends their sessions. Audited.", accounts_view.set_password, "nothing", Act.MANAGE_ACCOUNTS, accounts_view.PASSWORD_BODY, status=204),
    by_person("PUT", f"{_ACCOUNT}/identity", "link_account", "From now on a person of the identity provider's signs in as it; its password opens nothing any more. Ends their sessions. Audited.", accounts_view.link_account, "as `accounts`", Act.MANAGE_ACCOUNTS, accounts_view.LINK_BODY),
    by_person("POST", f"{_ACCOUNT}/identity/unlink", "unlink_account", "Nobody of the identity provider's signs in as it any more. Ends their sessions. Audited.", accounts_view.unlink_account, "as `accounts`", Act.MANAGE_ACCOUNTS, accounts_view.RESET_BODY),
    by_person("POST", "/api/accounts/sessions/end", "end_session", "End a session or take back a token. Audited.", accounts_view.end_session, "nothing", Act.MANAGE_ACCOUNTS, accounts_view.REVOKE_BODY, status=204),
    by_person("POST", f"{_ACCOUNT}/second-factor/reset", "reset_second_factor", "Take away a second factor; of who may sign that takes two. Ends their sessions. Audited.", accounts_view.reset_second_factor, "whether it is gone", Act.MANAGE_ACCOUNTS, accounts_view.RESET_BODY),
    by_person("POST", f"{_ACCOUNT}/sessions/end", "end_sessions", "End every session and token of an account. Audited.", accounts_view.end_sessions, "as `accounts`", Act.MANAGE_ACCOUNTS),
    Operation("GET", "/api/settings", "settings", "Effective settings, secrets masked, and what is connected.", connections_view.get_settings, "settings, connections", act=Act.SEE_SETTINGS),
    by_person("POST", "/api/connections/{name}/test", "test_connection", "Does it answer? Sends nothing of a patient. Audited.", connections_view.test_connection, "what it said, and how long it took", Act.SEE_SETTINGS, slow=True),
    Operation("GET", "/api/models", "models", "Registered versions, where each runs, what its gates said last.", models_view.get_models, "versions with their rollouts", act=Act.SEE_ROLLOUTS),
    Operation("GET", "/api/models/{model}/card", "version_card", "The model card of a registered version.", models_view.get_version_card, "text", act=Act.SEE_ROLLOUTS, media_type="text/plain"),
    _step("ask", "Ask for the next stage. Audited.", models_view.ask, Act.ASK_FOR_PROMOTION),
    _step("approve", "One of two approvals. Audited.", models_view.approve, Act.APPROVE_PROMOTION),
    _step("hold", "It may not widen. Audited.", models_view.hold, Act.STOP_ROLLOUT),
    _step("resume", "What was held may widen again. Audited.", models_view.resume, Act.APPROVE_PROMOTION),
    _step("roll_back", "Out of use at once. Audited.", models_view.roll_back, Act.STOP_ROLLOUT),
    Operation("GET", "/api/policy", "policy", "The triage policy that decides, and the saved versions.", policy_view.get_policy, "text, versions", act=Act.TRY_POLICY),
    Operation("GET", f"{_POLICY}/{{number}}", "policy_version", "One saved version.", policy_view.get_version, "the version with its text", act=Act.TRY_POLICY),
    by_person("POST", _POLICY, "propose_policy", "Save a policy for somebody else to approve. Audited.", policy_view.propose, "the version", Act.PROPOSE_POLICY, policy_view.PROPOSE_BODY),
    by_person("POST", f"{_POLICY}/{{number}}/approve", "approve_policy", "It decides from now on. Audited.", policy_view.approve, "the version", Act.APPROVE_POLICY, policy_view.STEP_BODY),
    by_person("POST", f"{_POLICY}/{{number}}/withdraw", "withdraw_policy", "Nobody shall approve it. Audited.", policy_view.withdraw, "the version", Act.PROPOSE_POLICY, policy_view.STEP_BODY),
    by_person("POST", f"{_POLICY}/{{number}}/revert", "revert_policy", "What decided before decides again. Audited.", policy_view.revert, "the version", Act.APPROVE_POLICY, policy_view.STEP_BODY),
    by_person("POST", "/api/policy/check", "check_policy", "Every problem of a policy, with its line.", policy_view.check, "problems, advice", Act.TRY_POLICY, policy_view.POLICY_BODY),
    by_person("POST", "/api/policy/try", "try_policy", "What a policy would have decided on stored studies. Audited.", policy_view.try_policy, "counts, and the studies that would change", Act.TRY_POLICY, policy_view.TRY_BODY, slow=True),
)  # fmt: skip
