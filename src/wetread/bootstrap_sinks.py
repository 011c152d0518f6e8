"""Where signed reports go: the settings' receivers as sinks, each with the documents it takes, those across a network behind a breaker."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from wetread.delivery.commitment_book import CommitmentBook
from wetread.dimse_neighbours import Neighbour, neighbours_of
from wetread.ports.decoder import Decoder
from wetread.ports.sink import ReportPackage, Sink
from wetread.settings import Settings
from wetread.settings_channels import ResultWebhookSettings
from wetread.settings_hl7 import Hl7Receiver

if TYPE_CHECKING:
    from wetread.dicom.commitment_scu import CommitmentScu

__all__ = ["build_sinks", "sink_names"]


def sink_names(settings: Settings) -> tuple[str, ...]:
    """The sinks that every signed report goes to; `build_sinks` makes them in the workers."""
    remote: dict[str, object] = {
        "stow": settings.stow_sink_url,
        **{each.sink: each for each in neighbours_of(settings) if each.sink},
        "fhir": settings.fhir_sink_url,
        "hl7": settings.hl7_sink,
        "webhook": settings.result_webhook,
    }
    return ("folder", *(name for name, address in remote.items() if address))


def build_sinks(
    settings: Settings, now: Callable[[], datetime], decoder: Decoder, book: CommitmentBook | None = None
) -> Mapping[str, Sink]:
    """The configured sinks by name; without a `book` no receiver is asked for commitment."""
    from wetread.delivery.breaker import Breaker
    from wetread.delivery.folder import FolderSink
    from wetread.dicom.documents import report_documents
    from wetread.dicom.store_scu import CStoreSink
    from wetread.dicom.stow_client import StowPeer, StowSink
    from wetread.fhir.bundle import encode_bundle
    from wetread.fhir.rest import FhirPeer, FhirSink

    def fhir(package: ReportPackage) -> bytes:
        return encode_bundle(package, now(), version=settings.fhir_sink_version)

    dicom = report_documents(settings.report_pictures, now, decoder, settings.organisation, settings.report_pdf_fonts)
    folder = FolderSink(settings.resolved_folder_sink, {**dicom, "fhir.json": fhir})
    remote: list[Sink] = []
    if settings.stow_sink_url:
        peer = StowPeer(settings.stow_sink_url, settings.stow_sink_authorization.get_secret_value())
        remote.append(StowSink(peer, tuple(dicom.values())))
    for each in neighbours_of(settings):
        if each.remote and each.sink:
            remote.append(CStoreSink(each.remote, tuple(dicom.values()), each.sink, _commitment(each, book)))
    if settings.fhir_sink_url:
        authorization = settings.fhir_sink_authorization.get_secret_value()
        most, version = settings.fhir_sink_max_entries, settings.fhir_sink_version
        server = FhirPeer(settings.fhir_sink_url, authorization, max_entries=most, version=version)
        remote.append(FhirSink(server, fhir))
    if settings.hl7_sink:
        remote.append(_hl7(settings.hl7_sink, settings.site))
    if settings.result_webhook:
        remote.append(_webhook(settings.result_webhook, f"{settings.resolved_public_url}/fhir", now))
    return {folder.name: folder, **{each.name: Breaker(each) for each in remote}}


def _commitment(neighbour: Neighbour, book: CommitmentBook | None) -> "CommitmentScu | None":
    if book is None or "commitment" not in neighbour.we_use:
        return None
    from wetread.dicom.commitment_scu import CommitmentScu

    return CommitmentScu(book, neighbour.ae_title)


def _webhook(receiver: ResultWebhookSettings, fhir_url: str, now: Callable[[], datetime]) -> Sink:
    from wetread.channels.http import HttpPeer
    from wetread.channels.result_webhook import ResultWebhook

    peer = HttpPeer(receiver.resolved_url, receiver.timeout_s, receiver.ca_file, receiver.allow_http)
    return ResultWebhook(peer, receiver.resolved_secret, fhir_url, now)


def _hl7(receiver: Hl7Receiver, site: str) -> Sink:
    from wetread.hl7.mllp import MllpPeer
    from wetread.hl7.oru_report import OruOptions
    from wetread.hl7.report_sink import Hl7Sink

    peer = MllpPeer(
        receiver.host,
        receiver.port,
        receiver.tls,
        receiver.timeout_s,
        receiver.ca_file,
        receiver.cert_file,
        receiver.key_file,
    )
    options = OruOptions(
        "hl7",
        site,
        receiver.receiving_application,
        receiver.receiving_facility,
        receiver.processing_id,
        receiver.character_set,
        receiver.accept_acknowledgement,
    )
    return Hl7Sink(peer, options)
