"""Nobody has to show a face to be known."""

import pytest

from xinglin.security.proofing import METHODS, proofing_faults


@pytest.mark.rule("A11-22")
@pytest.mark.parametrize("method", METHODS["L2"])
def test_the_level_that_a_face_shows_can_be_reached_otherwise(method: str) -> None:
    assert len(METHODS["L2"]) > 1
    assert proofing_faults("L1", "L2", method) == ()
