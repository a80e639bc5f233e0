"""Security officers are told of an alert: that there is one; neither about whom, nor about which records."""

from typing import Final

from xinglin.capabilities.notifications.contract import NOTIFY_ROLE, RoleNotice
from xinglin.capabilities.watching.contract import ALERTED
from xinglin.store.door import UnitOfWork

OFFICER: Final = "security-admin"


async def tell_officers(work: UnitOfWork, task: str) -> None:
    """Tell every security officer of a new alert, once."""
    await work.platform.operate(
        NOTIFY_ROLE, RoleNotice(ALERTED.code, OFFICER, about=f"Task/{task}", key=f"alert {task}")
    )
