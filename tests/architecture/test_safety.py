"""What the product's code may not do at all, seen in its syntax: run text as code, start a shell, unpickle, parse XML, trust no certificate, take a secret from the command line."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "wetread"

_CODE = {"eval", "exec", "compile", "__import__", "execfile", "input"}
_SHELLS = {
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "pty.spawn",
    "commands.getoutput",
}
_UNPICKLERS = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle", "jsonpickle", "yaml"}
_XML_READERS = {
    "lxml",
    "xml.dom",
    "xml.dom.minidom",
    "xml.dom.pulldom",
    "xml.parsers.expat",
    "xmlrpc",
    "xml.sax.expatreader",
}
_STARTERS = {
    "subprocess.run",
    "subprocess.Popen",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
}
_WORDS = re.compile(
    r"\b(eval|exec|compile|__import__|execfile|input)\(|\.format(_map)?\(|subprocess|os\.(system|popen|spawn|exec)|pty|shell"
    r"|pickle|dill|joblib|marshal|shelve|yaml|\.load\(|lxml|xml|expat|make_parser|CERT_NONE|cert_reqs|unverified|disable_warnings|verify"
    r"|check_hostname|add_argument|mktemp|SqlVault\(|RecordedVault\(|VaultStore"
)
_SECRET = re.compile(r"--.*(password|secret|token|authorization|passphrase)")

# Code of the machine of whoever trains or imports a foreign model: the service never imports it (lint-imports, `learning` is an extra).
TRAINING = ("learning/",)
PYTHON_CHILDREN = {
    "batch/local_readers.py",
    "cli/evidence_material.py",
    "cli/pager.py",
    "cli/processes.py",
    "demo/run.py",
    "dicom/sandbox.py",
}
"""The files that start processes: always this Python, with -P, so that no module of the folder it happens to start in is imported."""

KEY_PROGRAM = "keys/sources.py"
"""The one place that starts a program which the site names: the client of its key management service, as no library of ours speaks to all of them. Its words are those of the setting, split once."""


@cache
def calls() -> tuple[tuple[str, ast.Call, str], ...]:
    """(file, call, its dotted name) of the whole product."""
    found = []
    for name, tree in trees().items():
        found += [(name, node, dotted(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return tuple(found)


@cache
def trees() -> dict[str, ast.Module]:
    """Of the files that hold a word that any rule here is about: the others cannot break one."""
    texts = ((str(file.relative_to(SOURCE)), file.read_text("utf-8")) for file in SOURCE.rglob("*.py"))
    return {name: ast.parse(text) for name, text in texts if _WORDS.search(text)}


@cache
def imports() -> frozenset[tuple[str, str]]:
    """(file, module)."""
    found = set()
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {(name, each.name) for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {(name, node.module), *((name, f"{node.module}.{each.name}") for each in node.names)}
    return frozenset(found)


def dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else ["?"]), *reversed(parts)])


def served() -> Iterator[tuple[str, ast.Call, str]]:
    return ((file, call, name) for file, call, name in calls() if not file.startswith(TRAINING))


def option(call: ast.Call, name: str) -> object:
    """A keyword's constant; None where it is not given, the syntax where it is no constant."""
    for each in call.keywords:
        if each.arg == name:
            return each.value.value if isinstance(each.value, ast.Constant) else each.value
    return None


def test_the_whole_product_is_looked_at() -> None:
    assert len(trees()) > 150
    assert len(calls()) > 4_000


def test_no_text_becomes_code() -> None:
    assert {(file, name) for file, _, name in calls() if name in _CODE} == set()


def test_no_data_is_a_format_string() -> None:
    """str.format on a text that is not written in the code reaches attributes of what it is given."""
    found = [(file, call) for file, call, name in served() if name.endswith((".format", ".format_map"))]
    assert {file for file, call in found if not _is_written_here(call)} == {"web/dicomweb_operations.py"}  # its table


def _is_written_here(call: ast.Call) -> bool:
    """A literal, or a constant of the module, or an entry of one."""
    text = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    text = text.value if isinstance(text, ast.Subscript) else text
    is_no_text = isinstance(text, ast.Call) and dotted(text.func) == "super"  # logging.Formatter.format
    return is_no_text or isinstance(text, ast.Constant) or (isinstance(text, ast.Name) and text.id.isupper())


def test_no_shell() -> None:
    assert {
        (file, name) for file, _, name in calls() if name in _SHELLS or name.startswith(("os.spawn", "os.exec"))
    } == set()
    assert {file for file, call, _ in calls() if option(call, "shell") not in (None, False)} == set()


def test_processes_are_this_python_kept_to_its_own_modules() -> None:
    starts = [(file, call) for file, call, name in served() if name in _STARTERS]
    assert {file for file, _ in starts} == {*PYTHON_CHILDREN, KEY_PROGRAM}
    for file, call in starts:
        if file == KEY_PROGRAM:
            assert [ast.unparse(each) for each in call.args] == ["self.words"]
            continue
        if file == "cli/evidence_material.py":
            continue  # Chromium prints a page of ours, at the command line
        words = ast.unparse(call.args[0])
        if isinstance(call.args[0], ast.Name):  # put together a few lines above, in the same function
            words = next(
                ast.unparse(each.value)
                for each in ast.walk(trees()[file])
                if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == words
            )
        assert re.match(r"\[sys\.executable, '(-I', '-P|-P)'", words), f"{file}: {words[:80]}"


def test_nothing_is_unpickled() -> None:
    found = {(file, module) for file, module in imports() if module.partition(".")[0] in _UNPICKLERS}
    assert {file for file, _ in found} == {"learning/foreign_legacy.py"}
    loads = [(file, call) for file, call, name in calls() if name in ("numpy.load", "np.load", "torch.load")]
    assert {file for file, call in loads if option(call, "allow_pickle") not in (None, False)} == set()
    torch = [(file, call) for file, call, name in calls() if name == "torch.load"]
    assert {file for file, call in torch if option(call, "weights_only") is not True} == set()


def test_xml_is_parsed_in_one_place() -> None:
    """Marked-up text of a record, by a parser that refuses every declaration (tests/integration/test_record_answers.py); what comes to a door of ours as XML is answered 415."""
    assert {file for file, module in imports() if module in _XML_READERS} == {"fhir/record_documents.py"}
    readers = (
        "ElementTree.fromstring",
        "ElementTree.parse",
        "ElementTree.iterparse",
        "ElementTree.XML",
        "sax.parse",
        "sax.parseString",
    )
    assert {
        file for file, _, name in served() if name.endswith(readers) or name.endswith(("XMLParser", "make_parser"))
    } == set()


def test_certificates_are_always_verified() -> None:
    assert {
        file for file, _, name in calls() if name.endswith(("_create_unverified_context", "disable_warnings"))
    } == set()
    assert {
        file for file, call, _ in calls() if option(call, "verify") is False or option(call, "cert_reqs") == "CERT_NONE"
    } == set()
    naming = {
        file
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "CERT_NONE"
    }
    assert naming == {"dicom/tls_profile.py"}  # a door that a site opens to clients without certificates, by name
    unchecked = {
        file
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "check_hostname" and isinstance(node.ctx, ast.Store)
    }
    assert unchecked == set()


def test_no_secret_is_a_word_of_a_command() -> None:
    """The list of processes shows them to everybody: a file or the standard input holds them."""
    options = {
        (file, each.value)
        for file, call, name in calls()
        if name.endswith("add_argument")
        for each in call.args
        if isinstance(each, ast.Constant)
    }
    secret = {(file, word) for file, word in options if _SECRET.fullmatch(str(word)) or _SECRET.match(str(word))}
    assert {word for _, word in secret if not str(word).endswith(("-stdin", "-file"))} == set()
    assert ("cli/user.py", "--password-stdin") in options


def test_no_name_of_a_temporary_file_is_guessed() -> None:
    assert {(file, name) for file, _, name in calls() if name.endswith("mktemp")} == set()


def test_the_vault_is_opened_on_record_only() -> None:
    """Nobody but bootstrap opens it, and what bootstrap hands on is the one that writes down what it hands out (ADR-0033)."""
    opened = {(file, ast.unparse(call)) for file, call, name in calls() if name.endswith("SqlVault")}
    assert {file for file, _ in opened} == {"bootstrap.py"}
    recorded = [call for file, call, name in calls() if name.endswith("RecordedVault")]
    assert {ast.unparse(call.args[0]) for call in recorded} == {said for _, said in opened}
    naming = {
        file
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "VaultStore"
    }
    assert naming == {"ports/recorded_vault.py"}
