"""The shelves of the pharmacies: two of each shop's people, nothing that a shop may not sell, every price a price."""

from xinglin.care.prescribing.supply import ways_of
from xinglin.city import shelves, staff
from xinglin.city.institutions import institutions


def test_shops_have_two_pharmacists_and_only_what_they_may_sell() -> None:
    made = list(shelves.resources())
    shops = {f"Organization/{one.id}" for one in institutions() if one.kind == "pharmacy"}
    assert {one["subject"]["reference"] for one in made} == shops
    assert len({one["id"] for one in made}) == len(made)
    for one in made:
        code = one["code"]["coding"][1]["code"]
        assert "pharmacy-pickup" in ways_of((code,)).whole
        hand, price = one["extension"]
        assert hand["valueQuantity"]["value"] >= 0
        assert price["extension"][0]["valueMoney"]["value"] > 0
    for shop in shops:
        here = [one for one in staff.workers() if f"Organization/{one.institution.id}" == shop]
        assert [one.role for one in here] == ["retail-pharmacist"] * 2
