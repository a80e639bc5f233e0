"""The order of long files stays true."""

from tests.architecture.tree import ROOT
from tests.order import SECONDS, TOGETHER, longest_first


def test_what_is_named_is_there() -> None:
    assert [path for path in (*SECONDS, *TOGETHER) if not (ROOT / path).exists()] == []


def test_long_files_come_first_and_whole() -> None:
    long, short, more = "tests/oracle/test_fuzz.py::a", "tests/x.py::a", "tests/y.py::a[{}]"
    many = [more.format(number) for number in range(3)]
    asked = [short, *many, long]
    assert sorted(asked, key=longest_first(asked)) == [long, *many, short]
