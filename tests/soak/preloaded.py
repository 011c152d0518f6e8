"""What every forked process needs, imported once."""

import tests.ingest_child
import wetread.bootstrap
import wetread.bootstrap_erasure
import wetread.cli.archive
import wetread.cli.audit
import wetread.cli.context
import wetread.cli.critical
import wetread.cli.erase
import wetread.cli.provenance
import wetread.cli.send
import wetread.cli.sign
import wetread.cli.status
import wetread.cli.trials
import wetread.cli.user
import wetread.cli.worker
import wetread.dicom.dimse
import wetread.dicom.sandbox
import wetread.dicom.stow_client
import wetread.dicom.structured_report
import wetread.drafting.grammar
import wetread.fhir.bundle
import wetread.pipeline
import wetread.runtimes.onnx
import wetread.storage.cases
import wetread.worker

__all__ = ["tests", "wetread"]
