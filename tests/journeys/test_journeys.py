"""Whole journeys with a fault at every step: nothing twice, nothing lost, the books balance."""

from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random  # noqa: TID251  seeded: every run goes the same ways

import pytest

from tests.capabilities.billing import places
from tests.conftest import key_store
from tests.journeys import checks, faults, town
from tests.journeys.journeys import COMMON, JOURNEYS, begin
from tests.journeys.steps import SESSION, Case
from tests.journeys.town import Works
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import Door
from xinglin.store.store import Store


@pytest.fixture
def journeys(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--journeys"))


@pytest.fixture(scope="module")
async def works(postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Works]:
    folder = tmp_path_factory.mktemp("payment-keys")
    places.keyed(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMULATED_PAYMENT_KEYS", str(folder))
        store = await Store.open(postgres_dsn, keys=key_store())
        made = await town.settled(store, folder)
        await town.session(made, SESSION)
        yield made
        await store.close()


async def travel(works: Works, number: int, journey: str, place: int, fault: str) -> tuple[Case, list[str]]:
    """Go one way, with the fault at one step; the patient, and whatever is wrong then."""
    random = Random(f"{number} {journey} {place} {fault}")
    case = Case(works, number, channel=random.choice(["wechat-pay", "alipay"]))
    await town.put(works, *town.patient(number))
    await begin(journey, case)
    for at, step in enumerate(JOURNEYS[journey]):
        try:
            await (faults.of(step)[fault] if at == place else faults.none)(case, step, random)
        except (OutcomeError, AssertionError) as said:
            return case, [f"{step.name}: {said}"]
        if not await step.stands(case):
            return case, [f"{step.name} does not stand"]
    return case, await checks.faults_of(case, JOURNEYS[journey])


WAYS = [
    (journey, place)
    for journey, steps in JOURNEYS.items()
    for place, step in enumerate(steps)
    if step.name not in COMMON[journey]  # what journeys have in common goes wrong in one of them
]


@pytest.mark.parametrize(("journey", "place"), WAYS, ids=[f"{name}-{JOURNEYS[name][at].name}" for name, at in WAYS])
async def test_every_fault_at_every_step(works: Works, journey: str, place: int) -> None:
    """Each patient goes the same way and meets another fault at this step."""
    wrong: list[str] = []
    for fault in faults.of(JOURNEYS[journey][place]):
        number = len(works.cases)
        case, found = await travel(works, number, journey, place, fault)
        works.cases.append(case)
        wrong += [f"{fault} (patient {number}): {one}" for one in found]
    assert wrong == []


async def test_the_runner_sees_what_it_looks_for(works: Works) -> None:
    """With the keys that are held alone switched off, a request sent twice is two visits, and it says so."""
    door = works.door
    works.door = Door(works.store, replace(works.registry.rulebook, exclusives={}))
    try:
        _, wrong = await travel(works, 9_000, "online", 0, "twice at once")
    finally:
        works.door = door
    assert wrong == ["two online visits"]


async def test_the_town_is_in_order_in_the_end(works: Works, journeys: int) -> None:
    """Nothing was given twice, the books balance, every index follows from its record; *journeys* more at random."""
    random = Random(journeys)
    wrong: list[str] = []
    for _ in range(journeys):
        (journey, place), number = random.choice(WAYS), len(works.cases)
        fault = random.choice(list(faults.of(JOURNEYS[journey][place])))
        case, found = await travel(works, number, journey, place, fault)
        works.cases.append(case)
        wrong += [f"{journey}, step {place}, {fault} (patient {number}): {one}" for one in found]
    assert wrong + await checks.faults_of_town(works, works.cases) == []
