"""Physicians sign what they wrote; pharmacists review what their institution has to review."""

from typing import Final

from xinglin.capabilities.prescriptions.contract import CANCEL, CHECK, DECIDE, REVIEW, REVIEWS, REVISE, SIGN
from xinglin.fhir.sources import cites
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "vread", "search", "history"})
OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
PRESCRIBERS: Final = ("physician", "village-doctor", "family-doctor")
_ASKED: Final = f"owner={{organization}}&code={REVIEWS.system}|{REVIEW}"
_WAITING: Final = f"{_ASKED}&status=requested"
_MASKED: Final = frozenset(f"Patient.{name}" for name in ("identifier", "telecom", "address", "contact", "photo"))

GRANTS: Final = cites("R3-051", "R7-031")(
    (
        *(
            Grant(
                role,
                OPERATE,
                "RequestGroup",
                operations=frozenset({CHECK.code, SIGN.code, REVISE.code, CANCEL.code}),
                needs=STRONG,
                name="prescribing",
                source="R2-025",
            )
            for role in PRESCRIBERS
        ),
        Grant(
            "pharmacist",
            OPERATE,
            "RequestGroup",
            operations=frozenset({DECIDE.code}),
            needs=STRONG,
            name="review",
            source="R3-051",
        ),
        Grant("pharmacist", READ, "Task", _ASKED, needs=STRONG, name="review-asked", source="R3-051"),
        *(
            Grant(
                "pharmacist",
                READ,
                on,
                reach,
                needs=STRONG,
                masks=_MASKED if on == "Patient" else frozenset(),
                name="review-asked",
                source="R3-051",
            )
            for on, reach in (
                ("RequestGroup", f"_has:Task:focus:{_ASKED.replace('&', '&_has:Task:focus:')}"),
                ("MedicationRequest", f"_has:Task:based-on:{_ASKED.replace('&', '&_has:Task:based-on:')}"),
                # these end with the decision; who treats there sees them by the visit
                ("Patient", f"_has:Task:patient:{_WAITING.replace('&', '&_has:Task:patient:')}"),
                ("Encounter", f"_has:Task:encounter:{_WAITING.replace('&', '&_has:Task:encounter:')}"),
            )
        ),
    )
)
