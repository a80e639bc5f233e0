"""Every reason that the decisions on numbers, credentials and verifications give has words in both languages."""

import re

from tests.conftest import ROOT
from xinglin.capabilities.practitioners.gateways import STATUSES
from xinglin.web.catalogue import LANGUAGES, load

FOLDER = ROOT / "src/xinglin/capabilities/practitioners"
DECISIONS = ("identifiers.py", "credentials.py", "verification.py", "retention.py")
KEY = re.compile(r"(?:(?:_no|_wrong|_doubt)\(\s*|Issue\(\s*\"[a-z-]+\",\s*)f?\"([a-z-{}]+)\"")
FILLED = {
    "practising-{state}": ("practising-expired", "practising-not-yet"),
    "register-{state}": tuple(
        f"register-{state}" for state in {*STATUSES.values(), "revoked"} - {"valid", "cancelled"}
    ),
    "{occupation}-missing": (),
    "{occupation}-expired": (),
    "{what}-year": ("qualification-year", "nurse-year"),
    "{what}-area": ("qualification-area", "nurse-area"),
    "{what}-level": ("qualification-level", "practising-level"),
    "{what}-category": ("qualification-category",),
}


def test_every_reason_has_words() -> None:
    written = [
        key
        for name in DECISIONS
        for key in KEY.findall((ROOT / "src/xinglin/security" / name).read_text(encoding="utf-8"))
    ]
    # Doubts warn only, and no page shows them.
    keys = {one for key in written for one in FILLED.get(key, (key,))} - {"uscc-department", "practising-area"}
    # A network number is a resident's: its words stand there.
    keys -= {"network-identity", "network-identity-plain"}
    assert len(keys) > 60
    for language in LANGUAGES:
        known = load([FOLDER], language)
        assert sorted(key for key in keys if f"issue.{key}" not in known) == []
