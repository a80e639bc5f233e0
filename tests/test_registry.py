"""The registry: contradictions are refused at start, all together."""

from dataclasses import replace

import pytest

from tests.errands import contract, policy
from tests.errands.capability import COUNTER, declare
from xinglin.fhir.declarations import NoticeKind, Operation, Profile, Text, valueset
from xinglin.registry import (
    CLINIC,
    INSTITUTION,
    RESIDENT,
    Capability,
    Card,
    Handler,
    Invariant,
    Job,
    Page,
    Portal,
    Registry,
    RegistryError,
)
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
        (Capability("a", NAME, pages=(Page(CLINIC, "/clinic", show=nothing),)), "stands a start page"),
        (
            Capability("a", NAME, pages=(Page(CLINIC, "/x", show=nothing, roles=frozenset({"resident"})),)),
            "is for resident, who is not of the portal clinic",
        ),
        (Capability("a", NAME, pages=(Page(RESIDENT, "/my/x", show=nothing, menu=NAME),)), "names no tab"),
        (Capability("a", NAME, pages=(Page(RESIDENT, "/my/x", show=nothing, tab="sky"),)), "unknown tab sky"),
        (Capability("a", NAME, cards=(Card(COUNTER, NAME, nothing),)), "counter, which has no start page"),
        (
            Capability("a", NAME, cards=(Card(CLINIC, NAME, nothing, roles=frozenset({"insurer"})),)),
            "the card A is for insurer",
        ),
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


def test_a_page_is_for_the_roles_it_names_or_for_those_of_its_portal() -> None:
    mine = Page(INSTITUTION, "/institution/x", show=nothing, menu=NAME)
    desk = Page(INSTITUTION, "/desk/x", show=nothing, menu=NAME, roles=frozenset({"receptionist"}), order=1)
    registry = Registry((Capability("a", NAME, pages=(mine, desk)),))
    assert registry.menu({"system-admin"}) == (mine,)
    assert registry.menu({"receptionist"}) == (desk,)
    assert registry.menu({"resident"}) == ()


def test_the_menu_and_the_cards_stand_in_their_order() -> None:
    pages = tuple(Page(CLINIC, f"/{order}", show=nothing, menu=NAME, order=order) for order in (50, 10, 90))
    cards = tuple(Card(CLINIC, NAME, nothing, order=order) for order in (9, 1))
    own = Card(CLINIC, NAME, nothing, order=5, roles=frozenset({"nurse"}))
    registry = Registry((Capability("a", NAME, pages=pages, cards=(*cards, own)),))
    assert [page.order for page in registry.menu({"nurse"})] == [10, 50, 90]
    assert [card.order for card in registry.cards(CLINIC, {"nurse"})] == [1, 5, 9]
    assert [card.order for card in registry.cards(CLINIC, {"physician"})] == [1, 9]
    assert registry.cards(RESIDENT, {"nurse"}) == ()


def test_pages_of_a_whole_portal_have_any_path() -> None:
    Registry((Capability("a", NAME, pages=(Page(CLINIC, "/patients/{id}", show=nothing),)),))
    part = Portal("part", "/part", frozenset({"nurse"}), NAME, part_of=CLINIC)
    wrong = Capability("a", NAME, pages=(Page(part, "/patients/{id}", show=nothing),))
    assert "outside its portal /part" in faults(wrong)[0]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (NoticeKind("k", NAME, NAME, NAME, channels=("pigeon",)), "unknown channel pigeon"),
        (NoticeKind("k", NAME, NAME), "has no text for it"),
        (NoticeKind("k", NAME, Text("{a}", "{a}"), NAME), "may not name a"),
        (NoticeKind("k", NAME, NAME, Text("{a}", "{a}"), parameters=frozenset("a")), "may not name a"),
        (NoticeKind("k", NAME, Text("{a}", "a"), NAME, parameters=frozenset("a")), "different things"),
        (NoticeKind("k", NAME, NAME, NAME, outside=frozenset("a")), "lets out what it does not take"),
    ],
)
def test_a_notice_says_only_what_it_takes_and_lets_out_only_what_it_may(kind: NoticeKind, fault: str) -> None:
    assert any(fault in one for one in faults(Capability("a", NAME, notices=(kind,))))


def test_a_sound_notice_is_found_by_its_code_and_has_one_owner() -> None:
    kind = NoticeKind("k", NAME, Text("{a}", "{a}"), Text("{a}", "{a}"), frozenset("a"), frozenset("a"))
    assert Registry((Capability("a", NAME, notices=(kind,)),)).rulebook.notices == {"k": kind}
    assert any("same notice k" in one for one in faults(*(Capability(name, NAME, notices=(kind,)) for name in "ab")))
