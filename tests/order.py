"""Which files the processes of a run take first: long ones, so that none is left over for one process at the end.

`SECONDS` is what files take of a processor, seen or guessed; only their order counts, and a figure that is wrong costs
time, no check; ``--files N`` shows what they take. A file that does not stand there is worth a little for each test.
"""

from collections.abc import Callable, Iterable
from typing import Final

A_TEST: Final = 0.05
# Folders whose files share what is dear to make: one process makes it, once.
TOGETHER: Final = ("tests/city/",)
SECONDS: Final = {
    "tests/browser/test_accounts.py": 60,
    "tests/browser/test_portals.py": 60,
    "tests/cli/test_demo.py": 60,
    "tests/oracle/test_fuzz.py": 60,
    "tests/oracle/test_fuzz_more.py": 60,
    "tests/city/": 50,
    "tests/browser/test_security.py": 48,
    "tests/browser/test_health_records.py": 32,
    "tests/browser/test_appointments.py": 26,
    "tests/browser/test_directory.py": 26,
    "tests/server/test_serve.py": 25,
    "tests/browser/test_triage.py": 24,
    "tests/contract/test_pages.py": 24,
    "tests/browser/test_records.py": 22,
    "tests/browser/test_terminology.py": 22,
    "tests/browser/test_privacy.py": 21,
    "tests/browser/test_billing.py": 20,
    "tests/browser/test_credentials.py": 20,
    "tests/browser/test_line.py": 20,
    "tests/browser/test_pharmacy.py": 20,
    "tests/browser/test_prescriptions.py": 20,
    "tests/browser/test_smart.py": 20,
    "tests/browser/test_supervision.py": 20,
    "tests/capabilities/appointments/test_rush.py": 20,
    "tests/cli/test_keys.py": 20,
    "tests/matching/test_blocks.py": 20,
    "tests/store/test_embedded.py": 20,
    "tests/crash/test_server.py": 19,
    "tests/oracle/test_mutations.py": 19,
    "tests/browser/test_visits.py": 16,
    "tests/browser/test_people.py": 15,
    "tests/capabilities/terminology/test_load.py": 15,
    "tests/browser/test_access.py": 14,
    "tests/browser/test_residents.py": 14,
    "tests/capabilities/health_records/test_pages.py": 14,
    "tests/browser/test_audit.py": 13,
    "tests/browser/test_quality.py": 13,
    "tests/store/test_loading.py": 13,
    "tests/store/test_terminology.py": 13,
    "tests/cli/test_terminology.py": 12,
    "tests/oracle/test_merges.py": 12,
    "tests/server/oauth/test_demonstration.py": 12,
    "tests/store/vault/test_dump.py": 12,
    "tests/capabilities/health_records/test_papers.py": 11,
    "tests/browser/test_duplicates.py": 10,
    "tests/browser/test_papers.py": 10,
    "tests/capabilities/internet_hospital/test_operations.py": 10,
    "tests/server/oauth/test_python_client.py": 10,
    "tests/server/test_headers.py": 10,
    "tests/store/test_crash.py": 10,
    "tests/behaviours/test_writes.py": 9,
    "tests/server/test_fuzz.py": 9,
    "tests/browser/test_notifications.py": 8,
    "tests/cli/test_city.py": 8,
    "tests/fhir/test_generator.py": 8,
    "tests/behaviours/test_consents.py": 7,
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
