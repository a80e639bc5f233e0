"""How the text of a setting is read: a function each, ValueError says what it must be."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from xinglin.security.patterns import within


class Secret:
    """A text that never prints: neither in a log, nor in a traceback, nor by repr. `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text, to the one who needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def text(given: str) -> str:
    """As it stands."""
    return given


def secret(given: str) -> Secret:
    """A text that does not print."""
    return Secret(given)


def path(given: str) -> Path:
    """A path; ~ is the home of who starts."""
    return Path(given).expanduser()


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make the reader of a whole number from *low* to *high*."""

    def read(given: str) -> int:
        if not given.isascii() or not given.isdigit() or not low <= int(given) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(given)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Make the reader of one of these words."""

    def read(given: str) -> str:
        if given not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return given

    return read


def switch(given: str) -> bool:
    """``on`` or ``off``."""
    if given not in {"on", "off"}:
        raise ValueError("must be on or off")
    return given == "on"


def zone(given: str) -> str:
    """The name of a time zone."""
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise ValueError("must be the name of a time zone, such as Asia/Shanghai") from unknown
    return given


def night(given: str) -> str:
    """A span of the night, such as 23:00-06:00."""
    from xinglin.security.anomalies import night_of  # noqa: PLC0415  the help page of the commands is quick without

    night_of(given)
    return given


def day(given: str) -> str:
    """A day, ISO 8601."""
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise ValueError("must be a day such as 2026-03-01") from None


def days(given: str) -> str:
    """Days, with commas between."""
    try:
        for one in given.split(","):
            date.fromisoformat(one.strip())
    except ValueError as fault:
        raise ValueError("must be dates such as 2027-01-01 with commas between") from fault
    return given


def web_address(given: str) -> str:
    """An http or https address, without query and fragment."""
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without query or fragment")
    return given.rstrip("/")


def hosts(given: str) -> tuple[str, ...]:
    """Names or addresses of hosts, with commas between."""
    names = tuple(one.strip().rstrip(".").lower() for one in given.split(","))
    if not all(name and name.strip("abcdefghijklmnopqrstuvwxyz0123456789.-:") == "" for name in names):
        raise ValueError("must be names or addresses of hosts with commas between")
    return names


def ice(given: str) -> str:
    """Addresses of STUN and TURN servers, with spaces between."""
    for one in given.split():
        scheme, colon, host = one.partition(":")
        if scheme not in {"stun", "turn", "turns"} or not colon or not host or '"' in one:
            raise ValueError("must be addresses such as stun:stun.example.cn:3478 with spaces between")
    return given


def database(given: str) -> Secret:
    """The address of a database."""
    if urlsplit(given).scheme not in {"postgresql", "postgres"}:
        # The address may hold a password, so the message does not repeat it.
        raise ValueError("must begin with postgresql://")
    return Secret(given)


def retention(given: str) -> str:
    """Terms of retention, none below the law's least."""
    from xinglin.security.retention import chosen  # noqa: PLC0415  as above

    chosen(given)
    return given


def host_and_port(given: str) -> str:
    """``host:port``."""
    host, colon, port = given.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("must be host:port")
    return given


def left(most: tuple[int, int]) -> Callable[[str], tuple[int, int]]:
    """Read how many characters a mask leaves at the beginning and at the end, ``6,4``; never more than *most*."""

    def read(given: str) -> tuple[int, int]:
        first, comma, last = given.partition(",")
        if not comma or not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
            raise ValueError("must be two numbers, such as 6,4")
        return within((int(first), int(last)), most)

    return read
