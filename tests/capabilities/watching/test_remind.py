"""The yearly assessments: one alert each, seen on the desk, and none while nothing is due."""

from datetime import date
from typing import Any

import pytest

from tests.capabilities.access.ward import NOW, OFFICER, Stopped
from xinglin.app import create_registry
from xinglin.capabilities.watching.capability import passed
from xinglin.capabilities.watching.operations.remind import remind
from xinglin.capabilities.watching.pages import alerts
from xinglin.security.assessments import CRYPTOGRAPHY, LEVEL_3, Passed
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings, SettingsError, read
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.view import Form, View


@pytest.mark.rule("R7-040", "R7-050")
async def test_an_assessment_that_is_due_raises_one_alert(store: Store) -> None:
    store.clock = store.ledger.clock = Stopped()
    door = Door(store, create_registry(Settings()).rulebook)
    today = NOW.date()
    last = (Passed(LEVEL_3, "41080099", today.replace(year=today.year - 1)), Passed(CRYPTOGRAPHY, "", today))
    async with door.work(SYSTEM) as work:
        made = await remind(work, last)
        assert len(made) == 1
        assert await remind(work, last) == ()
    async with door.work(OFFICER) as work:
        view = await alerts.show_one(work, Form(path={"id": made[0]}))
        assert isinstance(view, View)
        shown: Any = view.values["alert"]
        assert (shown["rule"], shown["certificate"], shown["due"]) == ("level-3-due", "41080099", today.isoformat())


@pytest.mark.rule("R7-040", "R7-050")
def test_the_settings_say_what_was_passed() -> None:
    assert passed(Settings()) == ()
    given = read({"XINGLIN_LEVEL_3_ASSESSED": "2026-03-01", "XINGLIN_LEVEL_3_CERTIFICATE": "41080099"})
    assert passed(given) == (Passed(LEVEL_3, "41080099", date(2026, 3, 1)),)
    with pytest.raises(SettingsError, match="XINGLIN_CRYPTOGRAPHY_ASSESSED: must be a day"):
        read({"XINGLIN_CRYPTOGRAPHY_ASSESSED": "soon"})
