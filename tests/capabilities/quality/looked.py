"""A small record that was looked through, and who reads what was found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.capabilities.access.ward import put, staff
from tests.served import door_of
from xinglin.capabilities.quality.operations import scores
from xinglin.capabilities.quality.operations.look import look
from xinglin.security.principal import SYSTEM

PEOPLE = {
    "admin": replace(staff("system-admin", "8", purpose="HSYSADMIN"), display="李建国"),
    "doctor": replace(staff("physician", "1"), display="孙强"),
    "regulator": replace(staff("regulator", "7", organization="Organization/9", purpose="HLEGAL"), display="王丽"),
}


def load(dsn: str, documents: Sequence[dict[str, Any]], *, looked: bool = True) -> None:
    """Write records; looked: look them through and write the scores, too."""

    async def run() -> None:
        async with door_of(dsn, audited=False) as door:
            await put(door, *documents)
            if not looked:
                return
            async with door.work(SYSTEM) as work:
                assert (await look(work)).done
                await scores.write(work)

    asyncio.run(run())
