"""One result, three outside forms: SR, FHIR and ORU^R01 read back to the same. `python benchmarks/round_trip.py` does it 1,000 times."""

from hypothesis import HealthCheck, given, settings
from round_trip import FORMS, meant, packages

from wetread.ports.sink import ReportPackage


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(packages())
def test_every_form_of_a_result_reads_back_to_that_result(package: ReportPackage) -> None:
    assert {form: read(package) for form, read in FORMS.items()} == dict.fromkeys(FORMS, meant(package))
