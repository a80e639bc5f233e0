"""The registry: contradictions are refused at start, all together."""

from dataclasses import replace

import pytest

from tests.errands import contract, policy
from tests.errands.capability import COUNTER, declare
from xinglin.fhir.declarations import Operation, Profile, Text, valueset
from xinglin.registry import Capability, Handler, Invariant, Job, Page, Registry, RegistryError
from xinglin.security.grants import Grant

NAME = Text("甲", "A")


async def nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def faults(*capabilities: Capability) -> tuple[str, ...]:
    with pytest.raises(RegistryError) as refused:
        Registry(capabilities)
    return refused.value.faults


def test_a_sound_capability_is_taken_whole() -> None:
    registry = Registry((declare(),))
    assert registry.rulebook.profiles.keys() == {contract.ERRAND.url}
    assert registry.rulebook.operations.keys() == {("Task", "claim")}
    assert registry.rulebook.invariants["Task"][0][0] == contract.ERRAND.url
    assert registry.jobs.keys() == {contract.REMIND}
    assert [page.path for page in registry.pages] == ["/errands"]
    assert set(policy.GRANTS) <= set(registry.rulebook.grants)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Capability("a", NAME, profiles=(contract.ERRAND,)), "owner of profile"),
        (Capability("a", NAME, needs=("identity",)), "needs identity"),
        (
            Capability("a", NAME, operations=(Handler(Operation("fly", "Task", str, str), nothing),)),
            "nobody is granted Task/$fly",
        ),
        (Capability("a", NAME, pages=(Page(COUNTER, "/errands", show=nothing),)), "page on GET /errands"),
        (Capability("a", NAME, pages=(Page(COUNTER, "/elsewhere", show=nothing),)), "outside its portal"),
        (Capability("a", NAME, pages=(Page(COUNTER, "/errands/x"),)), "neither shows nor takes"),
        (Capability("a", NAME, jobs=(Job("b.remind", nothing),)), "does not begin with its capability's name"),
        (Capability("a", NAME, grants=(Grant("x", frozenset({"read"}), "Nothing"),)), "unknown type Nothing"),
        (Capability("a", NAME, grants=(Grant("x", frozenset({"glance"}), "Task"),)), "unknown interaction glance"),
        (Capability("a", NAME, grants=(Grant("x", frozenset({"read"}), "*", "patient=1"),)), "cannot have the reach"),
        (Capability("a", NAME, profiles=(Profile("u", "Nothing"),)), "unknown type Nothing"),
        (
            Capability("a", NAME, profiles=(Profile("u", "Task", bindings={"code": valueset("none")}),)),
            "which no capability declares",
        ),
        (Capability("a", NAME, invariants=(Invariant("Nothing", lambda _before, _after: ()),)), "unknown type Nothing"),
        (Capability("errands", NAME), "same capability errands"),
    ],
)
def test_a_contradiction_is_refused(wrong: Capability, told: str) -> None:
    assert any(told in fault for fault in faults(declare(), wrong))


def test_all_contradictions_are_told_at_once() -> None:
    wrong = replace(declare(), name="other", needs=("identity",))
    told = "\n".join(faults(declare(), wrong))
    assert all(
        part in told
        for part in ("owner of profile", "handler of Task/$claim", "needs identity", "page on GET", "other: the job")
    )
