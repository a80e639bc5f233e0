"""Which files the processes of a run take first: long ones, so that none is left over for one process at the end.

`SECONDS` is what files took beside other work, so only their order counts, and a figure that is wrong costs time, no
check; ``--files N`` shows what they take. A file that does not stand there is worth a little for each test.
"""

from collections.abc import Callable, Iterable
from typing import Final

A_TEST: Final = 0.05
# Folders whose files share what is dear to make: one process makes it, once.
TOGETHER: Final = ("tests/city/",)
SECONDS: Final = {
    "tests/oracle/test_fuzz.py": 238,
    "tests/oracle/test_fuzz_more.py": 192,
    "tests/oracle/test_mutations.py": 116,
    "tests/browser/test_accounts.py": 110,
    "tests/journeys/test_journeys.py": 60,
    "tests/cli/test_audit.py": 30,
    "tests/cli/test_commands.py": 40,
    "tests/city/": 63,
    "tests/cli/test_demo.py": 60,
    "tests/server/test_serve.py": 50,
    "tests/capabilities/health_records/test_pages.py": 47,
    "tests/capabilities/access/test_consents.py": 47,
    "tests/browser/test_access.py": 44,
    "tests/browser/test_credentials.py": 40,
    "tests/browser/test_directory.py": 40,
    "tests/browser/test_duplicates.py": 40,
    "tests/browser/test_health_records.py": 40,
    "tests/browser/test_notifications.py": 40,
    "tests/browser/test_papers.py": 40,
    "tests/browser/test_people.py": 40,
    "tests/browser/test_portals.py": 40,
    "tests/browser/test_quality.py": 40,
    "tests/browser/test_records.py": 40,
    "tests/browser/test_residents.py": 40,
    "tests/browser/test_security.py": 40,
    "tests/browser/test_smart.py": 40,
    "tests/browser/test_terminology.py": 40,
    "tests/crash/test_server.py": 40,
    "tests/oracle/test_merges.py": 38,
    "tests/capabilities/practitioners/test_operations.py": 35,
    "tests/capabilities/terminology/test_operations.py": 31,
    "tests/store/test_embedded.py": 31,
    "tests/cli/test_city.py": 30,
    "tests/capabilities/accounts/test_staff.py": 30,
    "tests/oracle/test_base.py": 26,
    "tests/store/test_loading.py": 25,
    "tests/capabilities/access/test_break_glass.py": 24,
    "tests/capabilities/signatures/test_signatures.py": 23,
    "tests/capabilities/health_records/test_papers.py": 21,
    "tests/server/test_fuzz.py": 19,
    "tests/browser/test_audit.py": 18,
    "tests/store/test_crash.py": 16,
    "tests/server/test_headers.py": 16,
    "tests/store/search/test_plans.py": 15,
    "tests/capabilities/notifications/test_messages.py": 14,
    "tests/store/test_history.py": 14,
    "tests/capabilities/terminology/test_search.py": 13,
    "tests/capabilities/health_records/test_cda.py": 13,
    "tests/capabilities/accounts/test_residents.py": 13,
    "tests/store/ledger/test_ledger.py": 12,
    "tests/capabilities/access/test_masks.py": 12,
    "tests/store/search/test_oracle.py": 12,
    "tests/store/search/test_joins.py": 12,
    "tests/capabilities/consents/test_operations.py": 10,
    "tests/capabilities/watching/test_alerts.py": 10,
    "tests/capabilities/accounts/test_login.py": 10,
    "tests/capabilities/duplicates/test_merge.py": 9,
    "tests/store/test_scanning.py": 9,
}


def file_of(nodeid: str) -> str:
    """Give the file of a test, or the folder when its files belong together."""
    path = nodeid.split("::", 1)[0]
    return next((folder for folder in TOGETHER if path.startswith(folder)), path)


def longest_first(nodeids: Iterable[str]) -> Callable[[str], float]:
    """Give the key by which tests are sorted; those of a file stay together and in order."""
    worth: dict[str, float] = {}
    for nodeid in nodeids:
        file = file_of(nodeid)
        worth[file] = worth.get(file, SECONDS.get(file, 0.0)) + A_TEST
    return lambda nodeid: -worth[file_of(nodeid)]
