"""FHIRPath expressions made at random, over the patient of the FHIRPath tests."""

from hypothesis import strategies as st

# No empty text: the oracle loses it in replace().
TEXTS = st.sampled_from(
    ["'a'", "'Ming'", "'official'", "'b c'", "'phone'", "name.given.first()", "gender", "name[0].family"]
)
NUMBERS = st.sampled_from(["0", "1", "2", "-3", "1.5", "0.25", "multipleBirth", "name.count()", "telecom.rank.first()"])
COMPLEX = st.sampled_from(["name", "telecom", "contact", "photo", "name.period", "Patient.contact.name"])
PLAIN = st.sampled_from(
    ["name.given", "telecom.value", "contact.name.family", "telecom.system", "name.use",
     "generalPractitioner.reference", "(1 | 2 | 3)", "('a' | 'b')", "{}", "(1 | 2).combine(2)", "descendants().family"]
)  # fmt: skip
CRITERIA = st.sampled_from(
    [
        "$this = 'Ming'",
        "use = 'official'",
        "$index = 1",
        "true",
        "$this.exists()",
        "period.exists()",
        "system = 'phone'",
    ]
)
PARTS = st.sampled_from(["first()", "last()", "tail()", "skip(1)", "take(2)"])

# Where the oracle is wrong, nothing is made: it repeats equal elements in a union of paths, has no $this outside of a
# function, takes resourceType for a child, and evaluates arguments that follow a where() in that where's scope.
COMBINED = st.tuples(PLAIN, st.sampled_from(["combine", "intersect", "exclude"]), PLAIN).map(
    lambda three: f"{three[0]}.{three[1]}({three[2]})"
)


def _parts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, PARTS).map(".".join),
        st.tuples(inner, CRITERIA).map(lambda two: f"{two[0]}.where({two[1]})"),
        st.tuples(inner, st.sampled_from(["[0]", "[1]", "[9]"])).map("".join),
    )


PLAIN_SETS = st.recursive(PLAIN | COMBINED, _parts, max_leaves=4).flatmap(
    lambda one: st.sampled_from([one, f"{one}.distinct()"])
)
SETS = PLAIN_SETS | st.recursive(COMPLEX, _parts, max_leaves=3)


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "div"]), inner).map(lambda three: f"({' '.join(three)})"),
        st.tuples(inner, st.sampled_from(["abs()", "floor()", "ceiling()", "truncate()"])).map(
            lambda two: f"({two[0]}).{two[1]}"
        ),
        SETS.map(lambda one: f"{one}.count()"),
    )


AMOUNTS = st.recursive(NUMBERS, _numbers, max_leaves=4)


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} + {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} & {two[1]})"),
        st.tuples(
            inner, st.sampled_from(["upper()", "lower()", "substring(1)", "replace('a', 'b')", "toString()"])
        ).map(lambda two: f"{two[0]}.{two[1]}"),
    )


WORDS = st.recursive(TEXTS, _texts, max_leaves=3)


def _conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or", "xor", "implies"]), inner).map(
            lambda three: f"({' '.join(three)})"
        ),
        inner.map(lambda one: f"{one}.not()"),
    )


CONDITIONS = st.recursive(
    st.one_of(
        st.sampled_from(["true", "false", "{}", "active", "deceased"]),
        SETS.map(lambda one: f"{one}.exists()"),
        SETS.map(lambda one: f"{one}.empty()"),
        PLAIN_SETS.map(lambda one: f"{one}.isDistinct()"),
        st.tuples(PLAIN, PLAIN, st.sampled_from(["subsetOf", "supersetOf"])).map(lambda t: f"{t[0]}.{t[2]}({t[1]})"),
        st.tuples(AMOUNTS, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]), AMOUNTS).map(
            lambda three: f"({' '.join(three)})"
        ),
        st.tuples(WORDS, st.sampled_from(["=", "!=", "<", ">=", "~"]), WORDS).map(lambda three: f"({' '.join(three)})"),
        st.tuples(WORDS, st.sampled_from(["startsWith", "endsWith", "contains"]), WORDS).map(
            lambda three: f"{three[0]}.{three[1]}({three[2]})"
        ),
    ),
    _conditions,
    max_leaves=4,
)

EXPRESSIONS = st.one_of(SETS, AMOUNTS, WORDS, CONDITIONS)
