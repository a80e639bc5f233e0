"""Forms of public health as they were filled in: QuestionnaireResponse, items by the numbers of `forms.csv` (5.2)."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Final

from xinglin.city.record import Record, Visit
from xinglin.city.staff import Worker
from xinglin.city.terms import META, Json, coding, reference, system
from xinglin.fhir.declarations import canonical
from xinglin.tables.codes import rows

Answer = str | int | float | date | Json | tuple[str, ...]
# Of the values of an item: "1良好 2一般 3较差".
_VALUE: Final = re.compile(r"(\d+)([^\d\s,-][^\d\s,]*)")
# Items that have the values of another.
_AS: Final = {"SMI-02.8": "SMI-01.12", "SMI-02.18": "SMI-01.13"} | {
    f"SMI-02.{number}": "SMI-02.10" for number in (12, 13, 14, 15, 16)
}
# Items whose values are a table of their own.
_TABLES: Final = {"SMI-02.7": "form-smi-risk", "SMI-02.9": "form-smi-insight", "SMI-02.28": "form-smi-class"}
_NAMES: Final = {
    "form-smi-risk": "form_smi_risk",
    "form-smi-insight": "form_smi_insight",
    "form-smi-class": "form_smi_class",
}


def fill(
    record: Record,
    form: str,
    answers: Mapping[int, Answer],
    *,
    at: str,
    author: Worker,
    visit: Visit | None = None,
    meta: Json = META,
) -> str:
    """Write a form; gives its id. answers: by the number of the item (2 for ``SMI-02.2``); at: when it was signed.

    A text that is one of the codes of an item becomes that code with its name; several make several answers.
    """
    made: Json = {
        "meta": meta,
        "questionnaire": canonical(form, "Questionnaire"),
        "status": "completed",
        "subject": record.subject,
        "authored": at,
        "author": reference("Practitioner", author.id, author.name),
        "item": [_item(f"{form}.{number}", answers[number]) for number in sorted(answers)],
    }
    if visit is not None:
        made["encounter"] = visit.reference
    return record.add("QuestionnaireResponse", **made)


def _item(id: str, answer: Answer) -> Json:
    many = answer if isinstance(answer, tuple) else (answer,)
    return {"linkId": id, "text": _items()[id][0], "answer": [_answer(id, one) for one in many]}


def _answer(id: str, answer: Answer) -> Json:
    if isinstance(answer, datetime):
        return {"valueDateTime": answer.isoformat()}
    if isinstance(answer, date):
        return {"valueDate": answer.isoformat()}
    if isinstance(answer, dict):
        return {"valueCoding": answer}
    if isinstance(answer, int):
        return {"valueInteger": answer}
    if isinstance(answer, float):
        return {"valueDecimal": answer}
    if not isinstance(answer, str):
        raise TypeError(f"{id} takes no {type(answer).__name__}")
    known = _choice(id, answer)
    return {"valueString": answer} if known is None else {"valueCoding": known}


@cache
def _choice(id: str, code: str) -> Json | None:
    """Give the code of an item; None when the item has no such code."""
    if id in _TABLES:
        table = _TABLES[id]
        name = next(row["name"] for row in rows(f"{_NAMES[table]}.csv") if row["code"] == code)
        return coding(system(table), code, name)
    name = _items()[_AS.get(id, id)][1].get(code, "")
    return {"code": code, "display": name} if name else None


@cache
def _items() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Give the items of all forms: what is asked, and the names of the codes."""
    return {row["code"]: (row["name"], dict(_VALUE.findall(row["values"]))) for row in rows("forms.csv")}
