"""A house on twins that a hospital system speaks to by HL7: films come in by its door, messages by the other, and a person reads."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

from hl7apy.parser import parse_message
from pydicom import dcmread

from tests.films import film
from tests.journey.test_one_study import DOCTOR, SECRET, House, prediction
from wetread.context.gather import ContextGatherer
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold, Resolution
from wetread.domain.report import Section
from wetread.hl7.instructions import HospitalWays
from wetread.hl7.listener import MessageDesk
from wetread.hl7.parse import ParseLimits
from wetread.orders.arrivals import ArrivalCheck
from wetread.orders.desk import OrderDesk
from wetread.orders.lookup import OrdersOfStudy
from wetread.signoff.identity import IdentityDesk
from wetread.testing.memory_orders import MemoryOrderStore

__all__ = ["DOCTOR", "OrderHouse", "a_film"]


class OrderHouse(House):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.predictor.prediction = prediction(logit=-4.0)
        self.store = MemoryOrderStore(self.vault)
        self.orders = OrderDesk(self.database, self.vault, self.store, self.clock, SECRET)
        self.messages = MessageDesk(self.orders, HospitalWays(), ParseLimits(), self.clock.now)
        self.identity = IdentityDesk(self.database, self.clock)
        self.reception = self.receiving(check_identity=ArrivalCheck(self.store, SECRET))
        self._with_orders(OrdersOfStudy(self.vault, self.store))

    def _with_orders(self, orders: OrdersOfStudy) -> None:
        pipeline = self.worker.pipeline
        assert isinstance(pipeline.context, ContextGatherer)
        context = replace(pipeline.context, orders=orders)
        self.worker = replace(self.worker, pipeline=replace(pipeline, orders=orders, context=context))

    def say(self, message: bytes) -> tuple[str, str]:
        """MSA-1 and ERR-3.1 of the answer, as another parser reads it."""
        answer = parse_message(self.messages.answer(message, "10.0.0.5").decode(), find_groups=False)
        fields = {each.name: each.to_er7().split("|") for each in answer.children}
        return fields["MSA"][1], fields["ERR"][3].split("^")[0] if "ERR" in fields else ""

    def holds(self, key: StudyKey) -> list[IdentityHold]:
        with self.database.begin(write=False) as unit:
            return list(unit.holds_of([key]).get(key, ()))

    def kinds(self, key: StudyKey) -> list[HoldKind]:
        return [each.kind for each in self.holds(key)]

    def answer(self, key: StudyKey, resolution: Resolution) -> None:
        for each in self.holds(key):
            if each.is_open:
                self.identity.answer(DOCTOR, key, each.hold_key, resolution)

    def sign(self, key: StudyKey) -> None:
        opened = self.desk.open(DOCTOR, key).report
        assert opened is not None
        if not any(text for _, text in opened.content.sections):
            written = replace(opened.content, sections=((Section.IMPRESSION, "Normal."),))
            opened = self.desk.save(DOCTOR, key, written, opened.etag)
        self.desk.sign(DOCTOR, key, opened.etag, "authored")


def a_film(seed: int = 1, instance: str = "", **elements: str) -> bytes:
    """A film of `tests.films` that says something else of its patient and order, by DICOM keyword; with `instance` a further one of its study."""
    dataset = dcmread(BytesIO(film(seed)))
    known = {
        "PatientID": "PAT001",
        "IssuerOfPatientID": "HOSPITAL",
        "PatientName": "Doe^Jane",
        "PatientBirthDate": "19700102",
        "PatientSex": "F",
    }
    for keyword, value in (known | {"AccessionNumber": "ACC001"} | elements).items():
        setattr(dataset, keyword, value)
    if instance:
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = instance
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
