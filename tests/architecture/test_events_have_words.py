"""Whatever is noted in the ledger can be read by a person: each event has a text in the audit officer's pages."""

import ast
import json
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "xinglin"
TEXTS = SOURCE / "capabilities" / "audit" / "texts"
NOTING = {"note", "event", "act_by", "of_session", "of_client"}


def events() -> dict[str, Path]:
    """Find the literal names of events that are handed to what writes the ledger."""
    found = {}
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in NOTING:
                    for given in node.args[:3]:
                        if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value:
                            found[given.value] = file
    return found


def test_every_event_has_words_in_the_audit_pages() -> None:
    noted = events()
    assert {"login", "break-glass", "token"} <= noted.keys()
    words = json.loads((TEXTS / "zh.json").read_text())
    # The catalogues of both languages have the same keys (tests/web/test_texts.py).
    assert {one: str(noted[one].name) for one in sorted(noted) if f"audit.what.{one}" not in words} == {}
