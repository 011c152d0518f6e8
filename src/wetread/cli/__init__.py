"""The `wetread` command. Each subcommand is a module of this package, imported only when it is asked for."""

import errno
import importlib
import sys
from typing import Protocol

from wetread import __version__
from wetread.domain.errors import WetreadError

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "read": "read films from the command line: findings, heat map, SR, FHIR",
    "batch": "read a folder, a table or an archive of films by many readers at once, to tables for evaluate; stopped runs go on",
    "demo": "watch synthetic films go the whole way, with a page to read and sign them",
    "serve": "run the service: HTTP, DICOMweb, DIMSE, watched folder, workers",
    "worker": "run one more worker process",
    "pager": "run the pager alone: escalation, pages, silence watch (serve starts one by itself)",
    "dimse": "run the DIMSE door (store, query, retrieve) alone (serve starts it by itself)",
    "requests": "read orders and requests for a read from a FHIR server alone (serve starts it by itself)",
    "hl7": "run the HL7 v2 door for orders and patient data alone (serve starts it by itself)",
    "identity": "films that may be another patient's: list, compare, answer; merged patients, undo a merge",
    "performer": "perform reads of a worklist elsewhere (UPS-RS) alone (serve starts it by itself)",
    "workitem": "the worklist of UPS-RS: list, show, ask for a read, cancel",
    "erase": "erase a study or all of a patient: ask, approve, dry-run, list, show; let a returned study be read",
    "hold": "legal holds on studies and patients: set, lift, list",
    "watch": "run the folder watcher alone (serve starts it by itself)",
    "send": "send DICOM files to an archive or to wetread",
    "ae": "DICOM neighbours: list them, C-ECHO, check what works and what to do where it does not; ask a worklist for orders",
    "archive": "other archives: list, check, search, fetch, sweep; run their feeds alone (serve starts them by itself)",
    "conformance": "ask a DICOM neighbour what it can do",
    "status": "studies, jobs, dead letters; retry a dead job; the last look through the stored films",
    "deidentify": "radiographs without names: header and pixels, by DICOM PS3.15 annex E (files, no server)",
    "export": "signed studies to a folder for research: films without names, labels; the crosswalk stays in the vault",
    "draft": "draft a report from a file of findings, each sentence with its evidence",
    "label": "what a report text says of each finding, with the words that say it",
    "drafter": "run the drafting service as its own process (drafter serve)",
    "report": "a signed report as a file that stands on its own, and the check of it",
    "provenance": "where every sentence of a report comes from, in words or drawn",
    "similar": "signed studies whose films look most alike, with what was signed of them",
    "snippets": "the snippet database: what it holds; erase a patient or a source; purge",
    "critical": "critical results: list, acknowledge, say who was told, close",
    "sign": "sign a drafted report from the command line",
    "user": "add, list, disable, link and unlink accounts",
    "roster": "who is on call, gaps ahead, to and from iCalendar",
    "notify": "the channels pages leave by; send a test page",
    "policy": "check, explain and try out triage policies",
    "alarms": "what is wrong with the service; acknowledge an alarm; try the silence watch",
    "context": "what a draft of a study would be given of priors and record",
    "record": "the patient record's FHIR server: try it out, make our key for it",
    "trials": "which patients may be asked to join a trial, and why (off by default)",
    "audit": "check, search and export the audit log; checkpoints; prove one record of it",
    "keys": "the installation's keys: list them, rotate the one that signs audit checkpoints",
    "model": "look at, measure, compare, sign and make model bundles",
    "monitor": "what signed reports say of the model by site, scanner, finding and version; nightly",
    "rollout": "bring a model version into use site by site: gates, approvals, rollback",
    "predictions": "what the model said beside what was signed, as a table for evaluate",
    "relabel": "signed studies looked at again by blinded readers, and what that says of the model",
    "dataset": "dataset versions by address, what changed, whether a retrained model should be adopted",
    "evaluate": "what predictions are worth against labels: one report; reader studies; LUNA16; drafts against signed reports",
    "evidence": "packs for who answers for the device: bias, quarter, incident, model, change plan; incidents of others",
    "simulate": "try reading orders and waiting-time caps on a simulated reading room",
    "migrate": "bring the databases to this release's tables, as the role that owns them",
    "backup": "copy databases, keys and films while the service runs",
    "restore": "go on from a backup in an empty data folder, and check all of it",
    "scrub": "hash every stored film again; what is damaged or gone (serve does it daily by itself)",
    "settings": "every setting, its value and where it came from",
}

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


class _Command(Protocol):
    def run(self, argv: list[str]) -> int: ...


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; returns the exit status (0 done, 1 something failed, 2 wrong use)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return EXIT_OK if words else EXIT_USAGE
    if words[0] in ("-V", "--version"):
        print(f"wetread {__version__}")
        return EXIT_OK
    if words[0] not in COMMANDS:
        print(f"wetread: no command {words[0]!r}\n\n{_help()}", file=sys.stderr)
        return EXIT_USAGE
    command: _Command = importlib.import_module(f"wetread.cli.{words[0]}")
    return _guarded(command, words[1:])


def _guarded(command: _Command, argv: list[str]) -> int:
    try:
        return command.run(argv)
    except WetreadError as error:
        print(f"wetread: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except EOFError:
        print(
            "wetread: nobody answered: ask at a terminal, or hand it in (see --help: --password-stdin)", file=sys.stderr
        )
        return EXIT_FAILED
    except BrokenPipeError:
        return EXIT_FAILED
    except OSError as error:
        if error.filename is None:  # not of a file: a bug, or what its command should have told
            raise
        print(f"wetread: {_of_file(error)}", file=sys.stderr)
        return EXIT_FAILED


_TO_DO = {
    errno.ENOSPC: ": free space, then try again",
    errno.EDQUOT: ": free space, then try again",
    errno.EACCES: ": correct its owner or its mode, then try again",
    errno.EPERM: ": correct its owner or its mode, then try again",
    errno.EROFS: ": mount it for writing, then try again",
}


def _of_file(error: OSError) -> str:
    names = [str(each) for each in (error.filename, error.filename2) if each is not None]
    return f"{' to '.join(names)}: {error.strerror}{_TO_DO.get(error.errno or 0, '')}"


def _help() -> str:
    lines = [f"  {name:<11} {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "wetread: a machine wet read for chest radiographs, signed by people.",
            "Assistive research tool, not a cleared device. AI may be wrong.",
            "",
            "usage: wetread COMMAND [options]        (wetread COMMAND --help for each)",
            "",
            *lines,
        ]
    )
