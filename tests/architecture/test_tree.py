import ast
import re
from pathlib import Path

import pytest

from tests.architecture.tree import files, texts

GENERATED = Path("src/xinglin/fhir/r4")
LINES_MAX = 600

# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:[w]ork|[f]arm|opt/[p]ypi|[r]oot/\.|tmp/[b]rief)\b"),
    "the host of a package registry": re.compile(r"\b(?:[p]ypi|[p]ythonhosted|[n]pmjs)\.(?:org|com)\b"),
    "an address of an index": re.compile(r"--(?:extra-)?[i]ndex-url[= ]\S*(?:https?|file):|\"[r]esolved\": *\"http"),
    "how the work is done": re.compile(
        r"\b(?:[L]LM|AI [a]ssistant|coding [a]gent|this [s]ession|[s]ubagent|[s]ub-agent|language [m]odel|[C]laude)\b"
    ),
}

NOQA = re.compile(r"# noqa(?P<codes>: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?(?P<reason> +\S.*)?")


def own(path: Path) -> bool:
    return GENERATED not in path.parents


@pytest.mark.parametrize("what", FORBIDDEN)
def test_files_speak_of_the_project_alone(what: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "bad"),
    [
        ("a path of one machine", "see /" + "work/main/docs"),
        ("the host of a package registry", "https://" + "pypi" + ".org/simple"),
        ("an address of an index", "--index" + "-url https://x/simple"),
        ("how the work is done", "in this " + "session we"),
    ],
)
def test_a_forbidden_word_is_found(what: str, bad: str) -> None:
    assert FORBIDDEN[what].search(bad)
    assert not FORBIDDEN[what].search("the framework of a resource; https://example.org/" + "work/it is good")


def test_source_files_can_be_read_at_once() -> None:
    sources = {path: text for path, text in texts(".py").items() if path.parts[0] in {"src", "tools", "bench"}}
    assert sources
    assert [str(path) for path, text in sources.items() if own(path) and text.count("\n") > LINES_MAX] == []


def test_every_file_is_named_by_a_noun() -> None:
    nameless = {"utils.py", "util.py", "helpers.py", "services.py", "misc.py", "common.py"}
    assert [str(path) for path in files() if path.name in nameless] == []


def unexplained_skips(text: str) -> list[int]:
    """Lines of calls that skip a test, or expect it to fail, without saying why."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Call, ast.Attribute)):
            continue
        called = ast.unparse(node.func if isinstance(node, ast.Call) else node)
        if isinstance(node, ast.Attribute):
            # A bare mark, as in `@pytest.mark.skip`; with a call around it, the call is looked at.
            continue
        said = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in {"reason", "msg"})]
        if called == "pytest.mark.skipif":
            said = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
        if called == "pytest.importorskip":
            said = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
        if called in {
            "pytest.skip",
            "pytest.mark.skip",
            "pytest.mark.skipif",
            "pytest.mark.xfail",
            "pytest.importorskip",
        } and not any(_says(value) for value in said):
            lines.append(node.lineno)
    return lines


def _says(value: ast.expr) -> bool:
    # A name stands for a reason that is written once for many tests.
    return not isinstance(value, ast.Constant) or (isinstance(value.value, str) and len(value.value) > 10)


BARE_MARK = re.compile(r"@pytest\.mark\.(?:skip|xfail)\s*$", re.MULTILINE)


def test_a_skipped_test_says_why() -> None:
    tests = {path: text for path, text in texts(".py").items() if path.parts[0] in {"tests", "bench"}}
    found = [f"{path}:{line}" for path, text in tests.items() for line in unexplained_skips(text)]
    found += [str(path) for path, text in tests.items() if BARE_MARK.search(text)]
    assert found == []


def test_an_unexplained_skip_is_found() -> None:
    assert unexplained_skips("pytest.skip()\n") == [1]
    assert unexplained_skips("@pytest.mark.skipif(True)\ndef test_x(): ...\n") == [1]
    assert unexplained_skips("pytest.importorskip('x')\n") == [1]
    assert unexplained_skips("pytest.skip('needs ../shared, which is not here')\n") == []
    assert unexplained_skips("@pytest.mark.skipif(True, reason='Chromium is not installed')\ndef test_x(): ...\n") == []
    assert BARE_MARK.search("@pytest.mark." + "skip\ndef test_x(): ...\n")


def unexplained_exceptions(text: str) -> list[int]:
    """Lines that switch a rule off without its code, or without a reason (on the line, above it, or carried on)."""
    lines: list[int] = []
    explained = before = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = NOQA.search(line)
        said, before = before.startswith("#"), line.strip()
        if found and found["codes"] and (found["reason"] or said or found["codes"] == explained):
            explained = found["codes"]
        else:
            explained = ""
            if found:
                lines.append(number)
    return lines


def test_every_exception_to_a_rule_has_its_reason() -> None:
    sources = {path: text for path, text in texts(".py").items() if path.parts[0] == "src" and own(path)}
    found = [f"{path}:{line}" for path, text in sources.items() for line in unexplained_exceptions(text)]
    assert found == []


def test_an_unexplained_exception_is_found() -> None:
    assert unexplained_exceptions("x = 1  # noqa\ny = 1  # noqa: S608\nz = 1  # noqa: S608  constants only\n") == [1, 2]
    assert unexplained_exceptions("# Constants only.\nx = 1  # noqa: S608\n") == []
    assert unexplained_exceptions("x = 1  # noqa: S608 - constants\ny = 1  # noqa: S608\n\nz = 1  # noqa: S608\n") == [
        4
    ]
