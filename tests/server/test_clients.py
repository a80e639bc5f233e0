"""FHIR clients that were written elsewhere, unmodified, against a running server."""

from collections.abc import Iterator
from typing import Any

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle, BundleEntry, BundleEntryRequest
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

from tests.server.running import Running, running


@pytest.fixture(scope="module")
def server(postgres_dsn: str) -> Iterator[Running]:
    with running(postgres_dsn, WORKERS="1", LOG_LEVEL="warning") as made:
        yield made


def test_fhirpy_creates_reads_updates_searches_and_deletes(server: Running) -> None:
    client = SyncFHIRClient(server.fhir)
    patient = client.resource("Patient", name=[{"family": "Fhirpy", "given": ["a"]}], gender="female")
    patient.save()
    assert patient["meta"]["versionId"] == "1"
    patient["gender"] = "male"
    patient.save()
    assert client.reference("Patient", patient.id).to_resource()["gender"] == "male"
    found = client.resources("Patient").search(family="Fhirpy").first()
    assert found.id == patient.id
    assert client.resources("Patient").search(family="Fhirpy").count() == 1
    patient.delete()
    with pytest.raises((ResourceNotFound, OperationOutcome)):
        client.reference("Patient", patient.id).to_resource()


def test_fhirpy_pages_through_all_matches(server: Running) -> None:
    client = SyncFHIRClient(server.fhir)
    ids = set()
    for number in range(7):
        basic = client.resource("Basic", code={"coding": [{"system": "http://x", "code": "page"}], "text": str(number)})
        basic.save()
        ids.add(basic.id)
    search = client.resources("Basic").search(code="http://x|page")
    assert {one.id for one in search.limit(2).fetch_all()} == ids
    assert len(search.limit(3).fetch()) == 3


def test_fhirpy_sees_faults_as_outcomes(server: Running) -> None:
    client = SyncFHIRClient(server.fhir)
    with pytest.raises(OperationOutcome) as refused:
        client.resource("Patient", gender="none").save()
    assert "Patient.gender" in str(refused.value)


def test_fhirpy_runs_a_transaction(server: Running) -> None:
    client = SyncFHIRClient(server.fhir)
    subject = {"resourceType": "Patient", "name": [{"family": "Transacted"}]}
    weight = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "w"},
        "subject": {"reference": "urn:uuid:p"},
    }
    entries: list[dict[str, Any]] = [
        {"fullUrl": "urn:uuid:p", "resource": subject, "request": {"method": "POST", "url": "Patient"}},
        {"resource": weight, "request": {"method": "POST", "url": "Observation"}},
    ]
    client.resource("Bundle", type="transaction", entry=entries).save()
    made = client.resources("Observation").search(**{"subject:Patient.family": "Transacted"}).fetch()
    assert len(made) == 1
    assert made[0]["subject"]["reference"].startswith("Patient/")


def test_fhirpy_updates_with_if_match(server: Running) -> None:
    client = SyncFHIRClient(server.fhir)
    patient = client.resource("Patient", name=[{"family": "Matched"}])
    patient.save()
    url = f"Patient/{patient.id}"
    body = patient.serialize() | {"gender": "other"}
    current = SyncFHIRClient(server.fhir, extra_headers={"If-Match": 'W/"1"'})
    assert current.execute(url, method="put", data=body)["meta"]["versionId"] == "2"
    with pytest.raises(MultipleResourcesFound):  # its name for every 412
        current.execute(url, method="put", data=body | {"gender": "male"})


def smart(server: Running) -> Any:
    return FHIRClient(settings={"app_id": "xinglin_tests", "api_base": server.fhir}).server


def test_fhirclient_creates_reads_updates_searches_and_deletes(server: Running) -> None:
    fhir = smart(server)
    patient = Patient()
    patient.name = [HumanName({"family": "Fhirclient", "given": ["b"]})]
    made = patient.create(fhir)
    read = Patient.read(made["id"], fhir)
    assert read.name[0].family == "Fhirclient"
    read.gender = "female"
    assert read.update(fhir)["meta"]["versionId"] == "2"
    found = Patient.where(struct={"family": "Fhirclient"}).perform_resources(fhir)
    assert [one.id for one in found] == [made["id"]]
    read.delete(fhir)
    assert not Patient.where(struct={"family": "Fhirclient"}).perform_resources(fhir)


def test_fhirclient_follows_pages(server: Running) -> None:
    fhir = smart(server)
    for number in range(5):
        patient = Patient()
        patient.name = [HumanName({"family": "Paged", "given": [str(number)]})]
        patient.create(fhir)
    found = list(Patient.where(struct={"family": "Paged", "_count": "2"}).perform_resources_iter(fhir))
    assert sorted(one.name[0].given[0] for one in found) == ["0", "1", "2", "3", "4"]


def test_fhirclient_runs_a_transaction(server: Running) -> None:
    fhir = smart(server)
    entry = BundleEntry()
    entry.resource = Patient({"resourceType": "Patient", "name": [{"family": "Bundled"}]})
    entry.request = BundleEntryRequest({"method": "POST", "url": "Patient"})
    bundle = Bundle()
    bundle.type = "transaction"
    bundle.entry = [entry]
    answer = fhir.post_json("", bundle.as_json()).json()
    assert answer["type"] == "transaction-response"
    assert answer["entry"][0]["response"]["status"] == "201 Created"
