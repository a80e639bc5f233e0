"""The rules of the reference books, joined with the marks in the source text and in the tests.

`src/xinglin/rules.json` holds id, section, what, source and tag of each; ``open`` says why nothing enforces it yet,
``partly`` what is missing of one that is enforced. Where a rule is enforced, and which test shows it, is found from
`@cites` and ``@pytest.mark.rule`` and written nowhere else.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

PACKAGE: Final = Path(__file__).resolve().parent.parent
# Beside a checkout only: an installed platform has no tests.
TESTS: Final = PACKAGE.parent.parent / "tests"


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One rule as rules.json has it. tag: V, S, P, GK, CFG as in the books."""

    id: str
    section: str
    what: str
    source: str
    tag: str
    open: str = ""
    partly: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """A rule with the places that enforce it (module:name) and the tests that show it (path::name)."""

    rule: Rule
    enforced: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """True when nothing in the source decides it."""
        return not self.enforced


def rules() -> tuple[Rule, ...]:
    """Read the list."""
    return msgspec.json.decode((PACKAGE / "rules.json").read_bytes(), type=tuple[Rule, ...])


@cache
def joined(tests: Path = TESTS) -> tuple[Joined, ...]:
    """Join the list with all marks of the package, and of *tests* when they are there."""
    enforced = _gathered(
        (f"{module_of(path)}:{name}", ids) for path in _sources(PACKAGE) for name, ids in citations(_text(path))
    )
    shown = _gathered(
        (f"{path.relative_to(tests.parent).as_posix()}::{name}", ids)
        for path in _sources(tests)
        for name, ids in showings(_text(path))
    )
    return tuple(Joined(rule, enforced.get(rule.id, ()), shown.get(rule.id, ())) for rule in rules())


def citations(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give name and rule ids of everything that `cites` marks: functions, methods, classes, constants."""
    if "cites(" not in text:
        return
    for name, node in _named(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            ids = tuple(id for mark in node.decorator_list for id in _arguments(mark, "cites"))
        else:
            ids = tuple(id for call in ast.walk(node) if isinstance(call, ast.expr) for id in _arguments(call, "cites"))
        if ids:
            yield name, ids


def showings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give name and rule ids of every test that ``@pytest.mark.rule`` marks."""
    if "mark.rule(" not in text:
        return
    for name, node in _named(ast.parse(text)):
        marks = getattr(node, "decorator_list", ())
        ids = tuple(id for mark in marks for id in _arguments(mark, "pytest.mark.rule"))
        if ids:
            yield name, ids


def module_of(path: Path) -> str:
    """Give the module of a file of the package."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Give functions, classes, methods and assignments with their names."""
    for node in tree.body:
        yield from _under("", node)


def _under(prefix: str, node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield prefix + name, node
            # What a function makes, such as a check, may carry the mark too.
            for inner in node.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield from _under(f"{prefix}{name}.", inner)
        case ast.ClassDef(name=name):
            yield prefix + name, node
            for inner in node.body:
                yield from _under(f"{prefix}{name}.", inner)
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            yield prefix + name, node
        case _:
            return


def _arguments(node: ast.expr, function: str) -> Iterator[str]:
    if isinstance(node, ast.Call) and _dotted(node.func) == function:
        for argument in node.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def _dotted(node: ast.expr) -> str:
    """Give the name that a call is made by; empty for another expression."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
        case _:
            return ""


def _gathered(marks: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for place, ids in marks:
        for id in ids:
            found.setdefault(id, []).append(place)
    return {id: tuple(places) for id, places in found.items()}


def _sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "r4" not in path.parts)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
