"""Write Python source of one function, line by line."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_NAME: Final = re.compile(r"[a-z][0-9]+")
_TAKEN: Final = re.compile(r" *([a-z][0-9]+) = [a-z][0-9]*\.\w+")


class Writer:
    """Lines of a function body, the names it uses, and the constants it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, object] = {}
        self._depth = 1
        self._names = 0

    def line(self, text: str) -> None:
        """Add one line at the present depth."""
        self.lines.append("    " * self._depth + text)

    def name(self, letter: str) -> str:
        """Return a name that is not used yet."""
        self._names += 1
        return f"{letter}{self._names}"

    def constant(self, value: object) -> str:
        """Return an expression for *value*: its literal, or the name of a constant."""
        if value is None or isinstance(value, bool | str) or type(value) is int:
            return repr(value)
        return self.named(value)

    def named(self, value: object) -> str:
        """Return the name of a constant that holds *value*."""
        name = self.name("K")
        self.constants[name] = value
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Put the lines written within under *head*; without any, write nothing."""
        at = len(self.lines)
        self.line(head)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if len(self.lines) == at + 1:
                del self.lines[at]

    def function(self, parameters: str, given: dict[str, object]) -> Callable[..., Any]:
        """Compile the lines into a function of *parameters*; *given* are further names that it uses."""
        source = "\n".join([f"def compiled({parameters}):", *_used(self.lines)])
        space: dict[str, Any] = {**given, **self.constants}
        # The source is made above, from names of the R4 definitions and literals that repr() wrote.
        exec(compile(source, "<fhirpath>", "exec"), space)  # noqa: S102
        made: Callable[..., Any] = space["compiled"]
        return made


def _used(lines: list[str]) -> Iterator[str]:
    """Leave out attributes that are read into a name which nothing uses."""
    uses = Counter(name for line in lines for name in _NAME.findall(line))
    for line in lines:
        taken = _TAKEN.fullmatch(line)
        if taken is None or uses[taken[1]] > 1:
            yield line
        else:
            yield line[: len(line) - len(line.lstrip())] + "pass"  # costs nothing, and no block is left empty
