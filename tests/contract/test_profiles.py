"""Every profile takes the least example of it, and refuses what lacks anything that it asks."""

import msgspec
import pytest

from tests.contract import made
from xinglin.app import create_registry
from xinglin.fhir import codec
from xinglin.fhir.declarations import Profile
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.profiles import profile_issues
from xinglin.settings import Settings

RULEBOOK = create_registry(Settings()).rulebook
PROFILES = pytest.mark.parametrize("profile", RULEBOOK.profiles.values(), ids=lambda one: one.url.rpartition("/")[2])


def issues(document: dict[str, object], profile: Profile) -> list[str]:
    """Give the keys and places of what is wrong with a resource by its profiles; ``R4 …`` when it is none at all."""
    try:
        struct = codec.decode(msgspec.json.encode(document), profile.on)
    except OutcomeError as refused:
        return [f"R4 {one.text}" for one in refused.issues]
    return [f"{one.key} {one.where}" for one in profile_issues(struct, RULEBOOK.profiles, RULEBOOK.code_sets)]


@PROFILES
def test_the_least_example_is_taken(profile: Profile) -> None:
    assert issues(made.example(profile, RULEBOOK.code_sets), profile) == []


@PROFILES
def test_whatever_is_required_is_missed(profile: Profile) -> None:
    example = made.example(profile, RULEBOOK.code_sets)
    own = [path for path in profile.required if path.partition(".")[0] not in made.required_by_r4(profile.on)]
    for path in own:
        found = issues(made.without(example, path), profile)
        # Some invariants of the standard ask for the same.
        assert f"profile-required {profile.on}.{path}" in found or found[0].startswith("R4 "), (path, found)


@PROFILES
def test_a_code_of_elsewhere_is_refused(profile: Profile) -> None:
    example = made.example(profile, RULEBOOK.code_sets)
    for path in profile.bindings:
        wrong = made.coded(example, profile.on, path, "elsewhere")
        assert f"profile-binding {profile.on}.{path}" in issues(wrong, profile)


@PROFILES
def test_a_profile_belongs_to_whom_its_address_says(profile: Profile) -> None:
    assert profile.url.startswith("https://xinglin.health/fhir/StructureDefinition/")
