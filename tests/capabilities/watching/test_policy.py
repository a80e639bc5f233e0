"""The page of the policy: each reach said in words."""

import pytest

from xinglin.capabilities.watching.pages.policy import reach_words


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        ("", ("all", ())),
        ("_relation=encounter,emergency", ("related", ("encounter", "emergency"))),
        ("_relation=encounter,emergency&status=draft", ("related", ("encounter", "emergency"))),
        ("_relation:organization=order", ("related-here", ("order",))),
        ("patient={patients}", ("own", ())),
        ("code=x&owner={organization}", ("here", ())),
        ("status=active", ("search", ())),
    ],
)
def test_a_reach_is_said_in_words(reach: str, words: tuple[str, tuple[str, ...]]) -> None:
    assert reach_words(reach) == words
