"""Equality, equivalence and order (http://hl7.org/fhirpath/N1/#equality, #comparison)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from msgspec import Struct

from xinglin.fhir.fhirpath import quantity, temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.nodes import Collection, Node, TypeInfoValue, children, to_system
from xinglin.fhir.fhirpath.quantity import Quantity
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time

# Wide enough to round any number that the arithmetic or the data bring without losing digits.
_WIDE: Final = Context(prec=20_100, rounding=ROUND_HALF_UP)


def equal(left: Node, right: Node) -> bool | None:
    """Compare by ``=``; None when precision leaves it open or units can't be compared."""
    a, b = to_system(left), to_system(right)
    if a is not None and b is not None:
        return equal_values(a.value, b.value)
    if (a is None) != (b is None):
        return False
    return _same_structure(left, right)


def equal_values(left: object, right: object) -> bool | None:
    """Compare two System values by ``=``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return left == right
    if _ordered_times(left, right):
        found = temporal.compare(left, right)  # type: ignore[arg-type]  # both are temporal, as just tested
        return None if found is None else found == 0
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        a, b = _as_quantity(left), _as_quantity(right)
        if a is None or b is None:
            return False
        values = quantity.pair(a, b)
        return None if values is None else values[0] == values[1]
    return False


def _ordered_times(left: object, right: object) -> bool:
    if isinstance(left, Time) or isinstance(right, Time):
        return isinstance(left, Time) and isinstance(right, Time)
    return isinstance(left, Date | DateTime) and isinstance(right, Date | DateTime)


def _as_quantity(value: object) -> Quantity | None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Quantity(Decimal(value))
    return value if isinstance(value, Quantity) else None


def _same_structure(left: Node, right: Node) -> bool | None:
    a, b = left.value, right.value
    if isinstance(a, TypeInfoValue) or isinstance(b, TypeInfoValue):
        return a == b
    if a is b and (a is not None or left.element is right.element):
        return True
    if left.type != right.type:
        return False
    mine, other = children(left), children(right)
    if [node.name for node in mine] != [node.name for node in other]:
        return False
    return all_equal(mine, other)


def all_equal(left: Sequence[Node], right: Sequence[Node]) -> bool | None:
    """Compare two collections item by item, in order."""
    if len(left) != len(right):
        return False
    found: bool | None = True
    for a, b in zip(left, right, strict=True):
        same = equal(a, b)
        if same is False:
            return False
        if same is None:
            found = None
    return found


def equivalent(left: Node, right: Node) -> bool:
    """Compare by ``~``: strings without case and spacing, decimals to the lesser precision, lists in any order."""
    a, b = to_system(left), to_system(right)
    if a is not None and b is not None:
        return _equivalent_values(a.value, b.value)
    if (a is None) != (b is None):
        return False
    if isinstance(left.value, TypeInfoValue) or isinstance(right.value, TypeInfoValue):
        return left.value == right.value
    if left.value is right.value and isinstance(left.value, Struct):
        return True
    return left.type == right.type and all_equivalent(children(left), children(right), named=True)


def _equivalent_values(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return " ".join(left.casefold().split()) == " ".join(right.casefold().split())
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return _equal_to_lesser_precision(Decimal(left), Decimal(right))
    if _ordered_times(left, right):
        return temporal.compare(left, right) == 0  # type: ignore[arg-type]  # both are temporal, as just tested
    a, b = _as_quantity(left), _as_quantity(right)
    if a is None or b is None:
        return False
    values = quantity.pair(a, b, like=True)
    return values is not None and _equal_to_lesser_precision(*values)


def _equal_to_lesser_precision(left: Decimal, right: Decimal) -> bool:
    places = min(_places(left), _places(right))
    step = Decimal(1).scaleb(-places)
    return _WIDE.quantize(left, step) == _WIDE.quantize(right, step)


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def all_equivalent(left: Sequence[Node], right: Sequence[Node], *, named: bool = False) -> bool:
    """Compare two collections in any order; *named* children must also stand under the same name."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        for index, other in enumerate(rest):
            if (not named or item.name == other.name) and equivalent(item, other):
                del rest[index]
                break
        else:
            return False
    return True


def order(left: Node, right: Node) -> int | None:
    """Return -1, 0 or 1; None when precision or units leave it open. Raises FhirPathError when there is no order."""
    a, b = to_system(left), to_system(right)
    if a is None or b is None:
        if left.value is None or right.value is None:
            return None
        raise _no_order(left, right)
    x, y = a.value, b.value
    if isinstance(x, bool) or isinstance(y, bool):
        raise _no_order(left, right)
    if (isinstance(x, str) and isinstance(y, str)) or (isinstance(x, int | Decimal) and isinstance(y, int | Decimal)):
        return (x > y) - (x < y)  # type: ignore[operator]  # two strings or two numbers, as just tested
    if _ordered_times(x, y):
        return temporal.compare(x, y)  # type: ignore[arg-type]  # both are temporal, as just tested
    if isinstance(x, Quantity) or isinstance(y, Quantity):
        p, q = _as_quantity(x), _as_quantity(y)
        if p is not None and q is not None:
            values = quantity.pair(p, q)
            return None if values is None else (values[0] > values[1]) - (values[0] < values[1])
    raise _no_order(left, right)


def _no_order(left: Node, right: Node) -> FhirPathError:
    return FhirPathError("execution", f"{left.type} and {right.type} can't be compared")


# Sets ------------------------------------------------------------------------------------------------------------


class Seen:
    """A set of nodes by ``=``. Plain values are found by hash; only the others are compared one by one."""

    def __init__(self, nodes: Iterable[Node] = (), spend: Callable[[int], None] | None = None) -> None:
        self._keys: set[object] = set()
        self._others: Collection = []
        self._spend = spend
        for node in nodes:
            self.add(node)

    def __contains__(self, node: Node) -> bool:
        key = _key(node)
        if key is not None:
            return key in self._keys
        if self._spend is not None:
            self._spend(len(self._others))
        return any(equal(node, other) is True for other in self._others)

    def add(self, node: Node) -> bool:
        """Add *node*; return whether it was new."""
        if node in self:
            return False
        key = _key(node)
        if key is None:
            self._others.append(node)
        else:
            self._keys.add(key)
        return True


def _key(node: Node) -> object:
    held = to_system(node)
    if held is None or isinstance(held.value, Date | DateTime | Time):
        return None
    value = held.value
    if isinstance(value, bool | str):
        return (type(value), value)
    if isinstance(value, Quantity):
        return (int, value.value) if value.unit == "1" else None
    return (int, value)


def distinct(nodes: Iterable[Node], spend: Callable[[int], None] | None = None) -> Collection:
    """Return *nodes* without repetitions, in their order."""
    seen = Seen(spend=spend)
    return [node for node in nodes if seen.add(node)]
