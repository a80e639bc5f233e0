"""Strategies for SMART scopes."""

from typing import Final

from hypothesis import strategies as st

from xinglin.security.scopes import LETTERS, WORDS

TYPES: Final = ("Patient", "Observation", "Encounter", "Practitioner", "MedicationRequest", "*")
CLAUSES: Final = ("category=laboratory", "status=final", "code=http://loinc.org|718-7&status=final")

letters = st.sets(st.sampled_from(LETTERS), min_size=1).map(
    lambda chosen: "".join(one for one in LETTERS if one in chosen)
)


@st.composite
def resource_scopes(draw: st.DrawFn) -> str:
    context = draw(st.sampled_from(("patient", "user", "system")))
    type = draw(st.sampled_from(TYPES))
    if draw(st.booleans()):
        return f"{context}/{type}.{draw(st.sampled_from(('read', 'write', '*')))}"
    clause = draw(st.sampled_from(CLAUSES)) if type == "Observation" and draw(st.booleans()) else ""
    return f"{context}/{type}.{draw(letters)}" + (f"?{clause}" if clause else "")


words = st.sampled_from(sorted(WORDS))
scopes = st.one_of(words, resource_scopes())
