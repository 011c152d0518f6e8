"""Which items of the checklist answer which subcategory of the NIST AI Risk Management Framework 1.0 (NIST AI 100-1, 2023), in our words.

Only subcategories to which a product's data can say something; those about an organisation's culture, staff and contracts are its own. Numbers and what they ask for were compared
with the text as two public repositories quote it (2026-11-30), not with NIST's own file: the pack says so (`evidence.framework_sections`).
"""

from dataclasses import dataclass

__all__ = ["SUBCATEGORIES", "Subcategory"]


@dataclass(frozen=True, slots=True)
class Subcategory:
    """`items` by their numbers in the checklist."""

    number: str
    asked: str
    items: tuple[str, ...]


SUBCATEGORIES: tuple[Subcategory, ...] = (
    Subcategory("GOVERN 1.4", "risk management by stated policies and controls", ("G13", "G6")),
    Subcategory("GOVERN 1.5", "review of risk management is planned, with who and how often", ("G6", "G20")),
    Subcategory("GOVERN 1.6", "an inventory of AI systems", ("G12",)),
    Subcategory("GOVERN 3.2", "who oversees the machine, and how", ("G4",)),
    Subcategory("GOVERN 6.1", "risks of third parties, their rights included", ("G14",)),
    Subcategory("MAP 1.1", "intended purpose and context of use", ("G3", "G18")),
    Subcategory("MAP 2.1", "the tasks, and the methods for them", ("G18",)),
    Subcategory("MAP 2.2", "limits of what it knows; how people use and oversee its output", ("G3", "G4")),
    Subcategory("MAP 2.3", "sound design of tests and evaluation", ("G16",)),
    Subcategory("MAP 3.3", "what it is applied to, and what not", ("G3",)),
    Subcategory("MAP 3.5", "human oversight is defined and documented", ("G4",)),
    Subcategory("MAP 4.2", "internal controls for components, third parties' included", ("G14",)),
    Subcategory("MAP 5.1", "likelihood and size of each impact", ("G13",)),
    Subcategory("MEASURE 1.1", "measures are chosen, and what is not measured is said", ("G11",)),
    Subcategory("MEASURE 2.1", "test sets, measures and tools are documented", ("G16",)),
    Subcategory("MEASURE 2.3", "performance under conditions like those of use", ("G5", "G10")),
    Subcategory("MEASURE 2.4", "behaviour in use is monitored", ("G6", "G17")),
    Subcategory("MEASURE 2.5", "valid and reliable, with its limits", ("G5", "G16")),
    Subcategory("MEASURE 2.6", "safety is evaluated again and again", ("G13", "G7")),
    Subcategory("MEASURE 2.7", "security and resilience", ("G5", "G14")),
    Subcategory("MEASURE 2.8", "transparency and accountability", ("G1", "G18")),
    Subcategory("MEASURE 2.9", "the model is explained and its output read in context", ("G18",)),
    Subcategory("MEASURE 2.10", "privacy", ("G19",)),
    Subcategory("MEASURE 2.11", "fairness and bias", ("G10",)),
    Subcategory("MEASURE 3.1", "known, unforeseen and new risks are tracked", ("G6", "G7")),
    Subcategory("MANAGE 1.4", "risks that remain are documented", ("G13",)),
    Subcategory("MANAGE 2.4", "it can be superseded, disengaged and switched off", ("G4",)),
    Subcategory("MANAGE 3.1", "third parties' resources are watched", ("G14",)),
    Subcategory("MANAGE 3.2", "pre-trained models that were built upon are watched", ("G14", "G18")),
    Subcategory("MANAGE 4.1", "monitoring after deployment: override, incidents, change", ("G4", "G6", "G9")),
    Subcategory("MANAGE 4.2", "measured improvement goes into updates", ("G9", "G20")),
    Subcategory("MANAGE 4.3", "incidents and errors are told and tracked", ("G7",)),
)
