"""The demonstration's numbers and credentials pass the checks of the platform itself."""

from datetime import date

import msgspec

from xinglin.capabilities.practitioners.rules.numbers import sound_numbers
from xinglin.cli.demonstration import TODAY, resources
from xinglin.fhir import codec
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import may_practise_online

READ = {
    f"{one['resourceType']}/{one['id']}": codec.decode(msgspec.json.encode(one), str(one["resourceType"]))
    for one in resources()
}


def test_every_number_of_the_set_is_sound() -> None:
    check = sound_numbers(lambda: TODAY)
    judged = {name: check(None, found) for name, found in READ.items() if type(found).__name__ in _NUMBERED}
    assert len(judged) > 30
    assert {name: issues for name, issues in judged.items() if issues} == {}


def test_every_physician_of_the_set_may_practise_online_where_registered() -> None:
    roles = [site_of(found) for name, found in READ.items() if name.startswith("PractitionerRole/")]
    for role in roles:
        standing = standing_of(READ["Practitioner/" + role.reference.split("/")[1].removesuffix("-role")])
        issues = may_practise_online(standing, [role], role.organization, TODAY, department=role.departments[0])
        assert issues == (), (standing, role)
        # The insurance of everybody ends one day.
        assert may_practise_online(standing, [role], role.organization, date(2028, 1, 1)) != ()


_NUMBERED = frozenset({"Patient", "Practitioner", "Organization"})
