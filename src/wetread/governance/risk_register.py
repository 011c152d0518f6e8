"""What can go wrong with a wet read, what stands against it, and the test that shows that it stands (ISO 14971: hazard, situation, control, verification).

Only what software can control, and only controls with a test. How severe a harm is, how probable it is at a site, and whether what remains is acceptable are for the manufacturer and the
site: they are not in here. `tests/architecture/test_risk_register.py` finds every test and holds docs/risk-register.md to this list.
"""

from dataclasses import dataclass

__all__ = ["REGISTER", "Control", "Risk"]


@dataclass(frozen=True, slots=True)
class Control:
    """`test`: file::function of this repository."""

    what: str
    test: str


@dataclass(frozen=True, slots=True)
class Risk:
    """`hazard` is what goes wrong, `harm` what it may lead to for a patient."""

    number: str
    hazard: str
    harm: str
    controls: tuple[Control, ...]


def _risk(number: str, hazard: str, harm: str, *controls: tuple[str, str]) -> Risk:
    return Risk(number, hazard, harm, tuple(Control(what, f"tests/{test}") for what, test in controls))


REGISTER: tuple[Risk, ...] = (
    _risk(
        "R1", "a machine's words leave as a report", "treatment by findings that nobody has looked at",
        ("no service account can sign", "unit/signoff/test_signing.py::test_a_service_never_signs"),
        ("nothing is delivered before a signature", "journey/test_one_study.py::test_nothing_leaves_unsigned"),
    ),
    _risk(
        "R2", "film, order or record of another patient", "one patient is treated for what another has",
        ("a study is never given to another patient", "contract/test_vault.py::test_a_study_is_never_given_to_another_patient"),
        ("a record that is another patient's is dropped and said", "integration/test_record_hostile.py::test_another_patients_resource_is_dropped_and_said"),
    ),
    _risk(
        "R3", "wrong side", "procedure on the wrong side",
        ("a finding's side is the patient's, however the film lies", "unit/inference/test_localise.py::test_the_side_is_the_patients"),
        ("no composed sentence may move a finding or its side", "unit/drafting/test_guard_adversarial.py::test_of_two_thousand_adversarial_drafts_no_lie_stands"),
    ),
    _risk(
        "R4", "a critical finding reaches nobody", "delayed treatment of a pneumothorax or the like",
        ("every critical result ends in an acknowledgement or an alarm", "unit/paging/test_fates.py::test_no_critical_result_stays_silent"),
        ("a pager killed at any step still tells somebody", "integration/test_page_kills.py::test_a_pager_killed_at_any_step_still_tells_somebody_once"),
        ("films leave room on the disk for pages and signatures", "journey/test_disk_fills.py::test_films_are_refused_before_the_last_room_is_gone"),
        ("a dead vault keeps no critical finding waiting", "journey/test_triage_context.py::test_a_vault_that_is_away_keeps_no_critical_finding_waiting"),
    ),
    _risk(
        "R5", "a received film is lost or delivered twice", "no reading at all; a result counted twice",
        ("what was acknowledged survives a kill at any point", "integration/test_ingest_faults.py::test_a_receiver_killed_anywhere_loses_nothing_it_acknowledged"),
        ("a report delivered twice is there once", "contract/test_sink.py::test_a_report_delivered_twice_is_there_once"),
        ("a damaged or lost film rings", "unit/monitoring/test_scrub.py::test_a_flipped_bit_and_a_lost_file_are_one_alarm_until_the_bytes_are_back"),
    ),
    _risk(
        "R6", "a score is taken for a probability", "false certainty about a finding",
        ("a raw score never leaves as a certainty", "unit/dicom/test_structured_report.py::test_a_raw_score_never_leaves_as_a_certainty"),
        ("an uncalibrated finding fires no triage rule", "unit/triage/test_prioritise.py::test_an_uncalibrated_finding_fires_no_rule"),
        ("a calibration map that would mislead is refused", "unit/inference/test_calibration.py::test_a_map_that_would_mislead_is_refused_at_its_place"),
    ),
    _risk(
        "R7", "the model changes for the worse", "more missed findings, more false alarms",
        ("gates on signed reports take a version back", "unit/governance/test_judge.py::test_false_alarms_take_it_back_whatever_else_passes"),
        ("gates on blinded verdicts take back what signed reports hide", "unit/governance/test_adjudicated_gates.py::test_what_signed_reports_hide_takes_a_version_back"),
        ("a machine never promotes", "unit/governance/test_judge.py::test_a_good_version_is_recommended_and_no_more"),
        ("a shadow's read is never shown", "journey/test_rollout.py::test_a_shadow_reads_what_the_installed_model_reads_and_shows_nothing"),
    ),
    _risk(
        "R8", "films change under the model (device, headers, patients)", "silent loss of accuracy",
        ("a change of the films' look rings", "unit/monitoring/test_quality_films.py::test_films_that_look_different_ring_and_say_that_it_is_no_verdict"),
        ("a header that stops being filled in is a change", "unit/evaluation/test_drift.py::test_a_header_that_stops_being_filled_in_is_a_change"),
    ),
    _risk(
        "R9", "the AI falls silent and nobody notices", "people rely on a prioritisation that is not there",
        ("a site without films is noticed", "unit/monitoring/test_silence.py::test_a_busy_site_is_silent_after_an_hour_by_day_and_not_by_night"),
        ("a site whose reads all fail is named", "unit/monitoring/test_standstill.py::test_a_site_whose_every_last_study_had_no_ai_is_named_and_one_good_read_ends_it"),
    ),
    _risk(
        "R10", "the AI puts a study last that is urgent", "delayed reading of what it called normal",
        ("nobody is passed over beyond the limit", "unit/triage/test_ordering.py::test_nobody_is_passed_over_beyond_the_limit"),
        ("urgent work cannot keep a study called normal waiting", "unit/triage/test_ordering.py::test_a_stream_of_urgent_work_cannot_keep_a_study_called_normal_waiting"),
    ),
    _risk(
        "R11", "automation bias: people adopt what the AI says", "misses and false alarms of the AI become the report's",
        ("a second reader is shown the AI after their commit only", "unit/web/test_withheld.py::test_before_the_commit_no_answer_holds_what_the_ai_said_and_after_it_every_word_is_there"),
        ("how often people sign otherwise than they said blind is measured", "unit/monitoring/test_quality_own.py::test_blind_findings_are_a_truth_of_their_own"),
        ("accuracy is weighed by blinded verdicts", "unit/monitoring/test_quality_adjudicated.py::test_the_weighted_rates_are_those_of_the_round_and_near_the_truth_that_signed_reports_hide"),
    ),
    _risk(
        "R12", "a draft states what is not on the film", "treatment of an invented finding",
        ("every given finding is stated and nothing is invented", "unit/drafting/test_grammar_facts.py::test_every_given_finding_is_stated_and_nothing_is_invented"),
        ("an instruction in an order reaches no draft", "journey/test_orders.py::test_an_instruction_in_an_order_reaches_no_draft"),
    ),
    _risk(
        "R13", "worse for one group of patients", "unequal care",
        ("a group worse than the others beyond chance rings", "unit/monitoring/test_quality_rules.py::test_a_group_that_is_missed_rings_by_its_gap"),
        ("a small group is withheld and cannot be subtracted back", "unit/evaluation/test_slices.py::test_a_small_group_is_withheld_and_cannot_be_subtracted_back"),
    ),
    _risk(
        "R14", "a model file or a record was changed", "reads by something else than what was tested; acts that cannot be traced",
        ("any flipped byte of a signed bundle is refused", "unit/inference/test_bundle_signature.py::test_a_flipped_byte_of_the_network_is_refused"),
        ("tampering with the audit log is found", "contract/test_database_audit.py::test_tampering_behind_the_triggers_is_found"),
    ),
    _risk(
        "R15", "identity leaves the house", "loss of confidentiality",
        ("identity is refused where a channel is not marked for it", "contract/test_notifier.py::test_identity_is_refused_where_the_channel_is_not_marked_for_it"),
    ),
)  # fmt: skip
