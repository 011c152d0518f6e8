"""The risk register and the mapping to the NIST AI RMF, as sections of a pack."""

from wetread.evidence.pack import Section, Table
from wetread.governance.evidence import Facts
from wetread.governance.evidence_checklist import mapped
from wetread.governance.risk_register import REGISTER

__all__ = ["framework_section", "risk_section"]


def risk_section() -> Section:
    """Hazards, controls, tests (G13)."""
    rows = tuple(
        (risk.number, risk.hazard, risk.harm, control.what, control.test)
        for risk in REGISTER
        for control in risk.controls
    )
    return Section(
        "Risk register",
        (
            "Severity, probability at a site and whether what remains is acceptable are for the manufacturer and the site.",
        ),
        tables=(Table("Controls, each with its test", ("risk", "hazard", "harm", "control", "test"), rows),),
    )


def framework_section(facts: Facts) -> Section:
    """Each subcategory with the state of the items that answer it (G15)."""
    rows = tuple((each.number, each.asked, ", ".join(each.items), state.value) for each, state in mapped(facts))
    return Section(
        "NIST AI RMF",
        (
            "A subcategory is as well shown as the items of this pack's checklist that answer it.",
            "The subcategories are told in our words. Their numbers and sense were compared with NIST AI 100-1 (2023) as others quote it, not with NIST's own file, "
            "and only those to which a product's data can say something are here. Compare them with the text before a formal claim.",
        ),
        tables=(
            Table("Subcategories that data can say something to", ("subcategory", "asks", "items", "state"), rows),
        ),
    )
