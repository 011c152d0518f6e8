"""An HL7 v2 receiver as a sink: one ORU^R01 for each report version, acknowledged before it counts as delivered."""

from wetread.hl7.acknowledgement import judge_acknowledgement
from wetread.hl7.mllp import MllpPeer, exchange
from wetread.hl7.oru_report import OruOptions, encode_oru_report, report_control_id
from wetread.ports.sink import ReportPackage

__all__ = ["Hl7Sink"]


class Hl7Sink:
    """Each message in a connection of its own: no late answer can be taken for another's. A repeat carries the same control id, by which the receiver knows it."""

    def __init__(self, peer: MllpPeer, options: OruOptions) -> None:
        self.name = options.destination
        self._peer = peer
        self._options = options

    def deliver(self, package: ReportPackage) -> str:
        control_id = report_control_id(package, self.name)
        answer = exchange(self._peer, encode_oru_report(package, self._options))
        return f"HL7 {judge_acknowledgement(answer, control_id, of='report')} for message {control_id}"
