"""Cuts one large JSON object into its members while it streams by: a Bundle of any size in little memory."""

import io
import json
from collections.abc import Iterator
from typing import BinaryIO, Final

CHUNK: Final = 256 * 1024  # characters
LARGEST_MEMBER: Final = 64 * 2**20  # characters of one member or element; what is larger is not held in memory

_JSON: Final = json.JSONDecoder()
_BLANK: Final = " \t\n\r"
_ENDS: Final = frozenset(_BLANK + ",:]}")


class Malformed(Exception):
    """The bytes are no JSON object in UTF-8, or one member is larger than LARGEST_MEMBER."""


def members(stream: BinaryIO, *, each_of: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name, raw value) of the members of the object in *stream*, in order; of the array *each_of* every element.

    Raises Malformed, after what stands before the fault was yielded.
    """
    walk = _Walk(stream)
    try:
        walk.take("{")
        if walk.peek() == "}":
            walk.take("}")
        else:
            yield from walk.members(each_of)
        walk.finish()
    finally:
        walk.leave()


class _Walk:
    """A window of text over the stream; `_at` is the next character to look at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        self._window = ""
        self._at = 0

    def members(self, each_of: str) -> Iterator[tuple[str, bytes]]:
        mark = ","
        while mark == ",":
            name = json.loads(self.value())
            if not isinstance(name, str):
                raise Malformed("A member of an object needs a name in quotes.")
            self.take(":")
            if name == each_of and self.peek() == "[":
                yield from ((name, value) for value in self.elements())
            else:
                yield name, self.value()
            mark = self.take(",}")

    def elements(self) -> Iterator[bytes]:
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        mark = ","
        while mark == ",":
            yield self.value()
            mark = self.take(",]")

    def value(self) -> bytes:
        """Take one whole value. The decoder only finds its end; reads on until it does."""
        self.peek()
        while True:
            try:
                _, end = _JSON.raw_decode(self._window, self._at)
            except json.JSONDecodeError as fault:
                if not self._more():
                    raise Malformed(f"{fault.msg}.") from fault
            except RecursionError as fault:
                raise Malformed("The JSON is nested too deep.") from fault
            else:
                # A number may go on in the next chunk; its end is known by what follows.
                if self._window[end : end + 1] in _ENDS or not self._more():
                    value, self._at = self._window[self._at : end], end
                    return value.encode("utf-8")

    def take(self, marks: str) -> str:
        """Take the next character that is no blank; it has to be one of *marks*."""
        mark = self.peek()
        if not mark or mark not in marks:
            raise Malformed(f"Expected one of {marks}, found {mark or 'the end'}.")
        self._at += 1
        return mark

    def peek(self) -> str:
        """Return the next character that is no blank, without taking it; empty at the end."""
        while True:
            while self._at < len(self._window):
                if self._window[self._at] not in _BLANK:
                    return self._window[self._at]
                self._at += 1
            if not self._more():
                return ""

    def finish(self) -> None:
        if self.peek():
            raise Malformed("Something stands after the object.")

    def leave(self) -> None:
        """Let go of the stream, which its owner closes."""
        self._text.detach()

    def _more(self) -> bool:
        """Read on, dropping what was taken; a value that does not fit doubles the step."""
        self._window = self._window[self._at :]
        self._at = 0
        if len(self._window) > LARGEST_MEMBER:
            raise Malformed(f"One member is larger than {LARGEST_MEMBER // 2**20} Mi characters.")
        try:
            chunk = self._text.read(max(CHUNK, len(self._window)))
        except UnicodeDecodeError as fault:
            raise Malformed(f"The text is not UTF-8: {fault.reason}.") from fault
        self._window += chunk
        return bool(chunk)
