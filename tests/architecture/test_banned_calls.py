import json
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT


def banned(source: str, *, where: str) -> set[str]:
    """The rules that *source* breaks when it stands in the file *where*."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--output-format=json",
        "--stdin-filename",
        where,
        "-",
    ]
    done = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True, check=False)
    return {found["code"] for found in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "bad",
    [
        "from datetime import datetime, UTC\nnow = datetime.now(UTC)\n",
        "import datetime as dt\nnow = dt.datetime.now(dt.UTC)\n",
        "from datetime import date\ntoday = date.today()\n",
        "from datetime import datetime\nnow = datetime.utcnow()\n",
        "import time\nnow = time.time()\n",
        "from uuid import uuid4\nmade = uuid4()\n",
        "import uuid\nmade = uuid.uuid1()\n",
        "import random\ndice = random.randint(1, 6)\n",
        "from random import choice\n",
    ],
)
@pytest.mark.parametrize("where", ["src/xinglin/capabilities/records/rules.py", "src/xinglin/server/http.py"])
def test_the_clock_and_chance_are_refused_outside_their_source(bad: str, where: str) -> None:
    assert "TID251" in banned(bad, where=where)


@pytest.mark.parametrize(
    "good",
    [
        "import time\nstarted = time.monotonic()\n",
        "from datetime import UTC, datetime\nborn = datetime(2000, 1, 1, tzinfo=UTC)\n",
        "from uuid import UUID\nknown = UUID(int=0)\n",
        "now = work.now\nmade = work.new_id()\n",
    ],
)
def test_what_depends_on_neither_passes(good: str) -> None:
    assert "TID251" not in banned(good, where="src/xinglin/server/http.py")


def test_relative_imports_are_refused() -> None:
    assert "TID252" in banned("from .http import Request\n", where="src/xinglin/server/asgi.py")
