"""The links of a trace, made of documents: what each says of itself, and what rules decided in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.pharmacy import contract as supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.contract import Decision, Step
from xinglin.capabilities.supervision.rules.documents import (
    CHINA,
    Document,
    code_of,
    identifier,
    instant,
    nested,
    reference,
    value,
    values,
    words_of,
)
from xinglin.fhir.declarations import CodeSet, Text
from xinglin.fhir.sources import cites

# Words for what FHIR says of itself.
STATUSES: Final = {
    "active": "有效",
    "on-hold": "暂停",
    "completed": "完成",
    "final": "定稿",
    "finished": "结束",
    "in-progress": "进行中",
    "planned": "计划",
    "arrived": "已到",
    "cancelled": "取消",
    "stopped": "停止",
    "revoked": "撤销",
    "draft": "草稿",
    "booked": "已约",
    "fulfilled": "已履约",
    "noshow": "爽约",
    "requested": "待处理",
    "rejected": "拒绝",
    "paid": "已支付",
}
_DETAILS: Final = "互联网诊疗监管细则（试行）"
_REVIEW: Final = "医疗机构处方审核规范"
# What a chain must hold: of an online visit that ended well, and of each prescription that took effect.
ONLINE: Final = ("evidence", "diagnosis", "note", "upload")
_UNREVIEWED: Final = frozenset({"draft", "signed", "review-pending", "cancelled", "revised", "expired"})


def step(kind: str, named: str, document: Mapping[str, Any]) -> Step:
    """Make a link. named: versioned reference."""
    at, state, text = _HEADS[kind](document)
    state = STATUSES.get(state, state)
    facts = tuple(_FACTS[kind](document)) if kind in _FACTS else ()
    decisions = tuple(_DECISIONS[kind](document)) if kind in _DECISIONS else ()
    return Step(kind, named, at, state, text, facts, decisions)


def clock(at: object) -> str:
    """Say an instant in Beijing, to the second; empty for none."""
    found = instant(at)
    return f"{found.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" if found else ""


def said(codes: CodeSet, code: str) -> str:
    """Give the words of a code in Chinese, in which a trace is kept; the code where it has none."""
    return codes.codes[code].zh if code in codes.codes else code


@cites("R0-005", "R2-029")
def lacking(visit: Mapping[str, Any], steps: Sequence[Step]) -> tuple[str, ...]:
    """Say which links a chain should have and has not."""
    kinds = {one.kind for one in steps}
    wanted = list(ONLINE) if value(visit, visits.STATE) == "finished" else []
    effective = [one for one in steps if one.kind == "prescription" and _state(one) not in _UNREVIEWED]
    reviewed = sum(1 for one in steps if one.kind == "review" and one.decisions)
    if len(effective) > reviewed:
        wanted.append("review")
    return tuple(one for one in wanted if one not in kinds or one == "review")


def _state(one: Step) -> str:
    return next((code for code, text in prescriptions.STATES.codes.items() if text.zh == one.state), one.state)


Head = tuple[str, str, str]


def _visit(one: Mapping[str, Any]) -> Head:
    state = str(value(one, visits.STATE) or "")
    place = one.get("serviceProvider", {}).get("display", "")
    text = " · ".join(filter(None, (words_of(one.get("serviceType")), place)))
    return one.get("period", {}).get("start", ""), said(visits.STATES, state) if state else str(one["status"]), text


def _booking(one: Mapping[str, Any]) -> Head:
    return (
        one.get("start") or one.get("created", ""),
        str(one["status"]),
        words_of(next(iter(one.get("serviceType", ())), {})),
    )


def _triage(one: Mapping[str, Any]) -> Head:
    return one.get("authored", ""), str(one["status"]), _answer(one, "complaint")


def _evidence(one: Mapping[str, Any]) -> Head:
    decided = next(iter(nested(one, visits.DECISION)), {})
    title = next((each["attachment"].get("title", "") for each in one.get("content", ())), "")
    state = said(visits.DECISIONS, str(decided["code"])) if decided else "待核对"
    return one.get("date", ""), state, str(title)


def _diagnosis(one: Mapping[str, Any]) -> Head:
    code = code_of(one.get("code"))
    return one.get("recordedDate") or one.get("onsetDateTime", ""), "", f"{code} {words_of(one.get('code'))}".strip()


def _note(one: Mapping[str, Any]) -> Head:
    return one.get("date", ""), str(one["status"]), str(one.get("title", ""))


def _prescription(one: Mapping[str, Any]) -> Head:
    state = said(prescriptions.STATES, str(value(one, prescriptions.STATE) or ""))
    return one.get("authoredOn", ""), state, identifier(one, prescriptions.NUMBERS)


def _order(one: Mapping[str, Any]) -> Head:
    dosage: Mapping[str, Any] = next(iter(one.get("dosageInstruction", ())), {})
    name = words_of(one.get("medicationCodeableConcept") or one.get("code"))
    return one.get("authoredOn", ""), str(one["status"]), "，".join(filter(None, (name, dosage.get("text", ""))))


def _review(one: Mapping[str, Any]) -> Head:
    result = code_of(one.get("businessStatus"))
    state = said(prescriptions.RESULTS, result) if result else "待审核"
    return one.get("lastModified") or one.get("authoredOn", ""), state, _reviewer(one)


def _supply(one: Mapping[str, Any]) -> Head:
    way = str(value(one, supplies.WAY) or "")
    place = one.get("owner", {}).get("display") or reference(one, "owner")
    return one.get("authoredOn", ""), str(one["status"]), " · ".join(filter(None, (said(supplies.WAYS, way), place)))


def _dispensed(one: Mapping[str, Any]) -> Head:
    quantity = one.get("quantity", {})
    text = f"{words_of(one.get('medicationCodeableConcept'))} {quantity.get('value', '')}{quantity.get('unit', '')}"
    return one.get("whenHandedOver") or one.get("whenPrepared", ""), str(one["status"]), text.strip()


def _delivery(one: Mapping[str, Any]) -> Head:
    steps = nested(one, supplies.CUSTODY)
    at = str(steps[0].get("at", "")) if steps else str(one.get("meta", {}).get("lastUpdated", ""))
    waybill = identifier(one, supplies.WAYBILL)
    return at, str(one.get("status", "")), f"运单 {waybill}" if waybill else ""


def _decoction(one: Mapping[str, Any]) -> Head:
    return one.get("authoredOn", ""), str(one["status"]), str(one.get("groupIdentifier", {}).get("value", ""))


def _bill(one: Mapping[str, Any]) -> Head:
    state = said(bills.STATES, str(value(one, bills.STATE) or ""))
    return one.get("date", ""), state, _money(one.get("totalNet"))


def _payment(one: Mapping[str, Any]) -> Head:
    return one.get("created", ""), code_of(one.get("paymentStatus")) or str(one["status"]), _money(one.get("amount"))


def _settlement(one: Mapping[str, Any]) -> Head:
    return one.get("created", ""), str(one["status"]), _money(one.get("total"))


def _upload(one: Mapping[str, Any]) -> Head:
    act = said(contract.ACTS, str(value(one, contract.ACT) or ""))
    return one.get("authoredOn", ""), said(contract.UPLOAD_STATES, code_of(one.get("businessStatus"))), act


def _task(one: Mapping[str, Any]) -> Head:
    return one.get("authoredOn", ""), words_of(one.get("businessStatus")) or str(one["status"]), ""


def _rating(one: Mapping[str, Any]) -> Head:
    return one.get("authored", ""), str(one["status"]), _answer(one, "stars")


def _conversation(one: Mapping[str, Any]) -> Head:
    return one["first"], "", f"{one['count']} 条，{clock(one['first'])} 至 {clock(one['last'])}"


_HEADS: Final[Mapping[str, Callable[[Mapping[str, Any]], Head]]] = {
    "triage": _triage,
    "booking": _booking,
    "visit": _visit,
    "evidence": _evidence,
    "conversation": _conversation,
    "diagnosis": _diagnosis,
    "note": _note,
    "prescription": _prescription,
    "order": _order,
    "review": _review,
    "supply": _supply,
    "dispensed": _dispensed,
    "delivery": _delivery,
    "decoction": _decoction,
    "bill": _bill,
    "payment": _payment,
    "settlement": _settlement,
    "upload": _upload,
    "rating": _rating,
    "complaint": _task,
}


def _visit_facts(one: Mapping[str, Any]) -> Iterator[str]:
    for move in nested(one, visits.MOVE):
        yield f"{clock(move.get('at'))} {said(visits.STATES, str(move.get('state')))}（{move.get('by')}）"
    for each in values(one, visits.CONSENT):
        yield f"知情同意 {each['reference']}"
    if verified := value(one, visits.VERIFIED):
        yield f"接诊前医师核验 {verified['reference']}"
    for ended in nested(one, visits.ENDED):
        yield f"终止 {said(visits.REASONS, str(ended.get('code')))}：{ended.get('advice', '')}"
    if refund := value(one, visits.REFUND):
        yield f"诊查费退回：{refund}"
    for line in nested(one, visits.LINE):
        yield f"线路 {line.get('medium', '')} {line.get('quality', '')} {line.get('reason', '')}".strip()


def _evidence_facts(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"来源 {said(visits.ORIGINS, str(value(one, visits.ORIGIN) or ''))}"
    for each in values(one, visits.DIAGNOSES):
        yield f"诊断 {each.get('code', '')} {each.get('display', '')}".strip()
    yield f"内容摘要 SHA-256 {value(one, visits.HASH)}"


def _supply_facts(one: Mapping[str, Any]) -> Iterator[str]:
    for act in nested(one, supplies.ACT):
        told = (clock(act.get("at")), str(act.get("code", "")), str(act.get("detail") or ""))
        yield " ".join(filter(None, told))


def _delivery_facts(one: Mapping[str, Any]) -> Iterator[str]:
    for each in nested(one, supplies.CUSTODY):
        warm = f"{each['celsius']}℃" if each.get("celsius") is not None else ""
        yield " ".join(filter(None, (clock(each.get("at")), str(each.get("state", "")), warm)))


def _decoction_facts(one: Mapping[str, Any]) -> Iterator[str]:
    for each in nested(one, supplies.STEP):
        yield f"{each.get('code')} {clock(each.get('start'))} 至 {clock(each.get('end'))}".removesuffix(" 至 ")


def _bill_facts(one: Mapping[str, Any]) -> Iterator[str]:
    for share in nested(one, bills.SHARE):
        for name, title in (("funds", "基金支付"), ("account", "个人账户"), ("cash", "个人支付")):
            if share.get(name):
                yield f"{title} {_money(share[name])}"
    if receipt := identifier(one, bills.RECEIPT):
        yield f"票据 {receipt}"


def _upload_facts(one: Mapping[str, Any]) -> Iterator[str]:
    if receipt := value(one, contract.RECEIPT):
        yield f"回执 {receipt}"
        yield f"内容摘要 SM3 {value(one, contract.DIGEST)}"
        yield "及时" if value(one, contract.TIMELY) else "逾期"
    for fault in nested(one, contract.FAULT):
        yield str(fault.get("zh", ""))


def _dispensed_facts(one: Mapping[str, Any]) -> Iterator[str]:
    for code in values(one, supplies.TRACE):
        yield f"药品追溯码 {code}"


def _conversation_facts(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"患者 {one['patient']} 条，医生 {one['doctor']} 条，系统 {one['system']} 条，智能助手 {one['ai']} 条"


_FACTS: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterable[str]]]] = {
    "visit": _visit_facts,
    "evidence": _evidence_facts,
    "conversation": _conversation_facts,
    "supply": _supply_facts,
    "delivery": _delivery_facts,
    "decoction": _decoction_facts,
    "dispensed": _dispensed_facts,
    "bill": _bill_facts,
    "upload": _upload_facts,
}


def _triage_decisions(one: Mapping[str, Any]) -> Iterator[Decision]:
    rules = "、".join(_answers(one, "rule"))
    text = Text("导诊规则", "Rules of triage")
    yield Decision(rules or "-", _answer(one, "complaint"), _answer(one, "urgency"), text)


def _evidence_decisions(one: Mapping[str, Any]) -> Iterator[Decision]:
    for decided in nested(one, visits.DECISION):
        told = f"{decided.get('by')} {clock(decided.get('at'))}"
        result = said(visits.DECISIONS, str(decided.get("code")))
        yield Decision("R1-042", told, result, Text("医生核对复诊依据", "The doctor judged the evidence"), _DETAILS)


def _prescription_decisions(one: Mapping[str, Any]) -> Iterator[Decision]:
    for signature in nested(one, prescriptions.SECOND_SIGNATURE):
        text = Text("医师再次签名并注明原因", "Signed a second time with a reason")
        yield Decision("R3-006", str(signature.get("code")), str(signature.get("reason")), text, "处方管理办法")
    if insisted := value(one, prescriptions.INSISTED):
        text = Text("审核退回后坚持用药", "Insisted after it was returned")
        yield Decision("R3-054", "", str(insisted), text, _REVIEW)


def _order_decisions(one: Mapping[str, Any]) -> Iterator[Decision]:
    if source := value(one, prescriptions.SOURCE):
        text = Text("由医师本人录入", "Entered by the physician")
        yield Decision("R2-025", str(source), said(prescriptions.SOURCES, str(source)), text, _DETAILS)


def _review_decisions(one: Mapping[str, Any]) -> Iterator[Decision]:
    for extension in one.get("extension", ()):
        if extension["url"] == prescriptions.FINDING:
            [found] = nested({"extension": [extension]}, prescriptions.FINDING)
            lines = [str(part["valueInteger"]) for part in extension["extension"] if part["url"] == "line"]
            told = f"{found.get('code')}{' 第' + '、'.join(lines) + '行' if lines else ''}"
            text = Text(str(found.get("zh")), str(found.get("en")))
            yield Decision(str(found.get("rule")), told, str(found.get("weight")), text, str(found.get("source") or ""))
    outcome = next((each["valueCode"] for each in one.get("output", ()) if each["type"].get("text") == "outcome"), "")
    if outcome:
        checks = [code_of(each["type"], prescriptions.CHECKS.system) for each in one["output"]]
        reasons = [words_of({"coding": [each]}) for each in one.get("reasonCode", {}).get("coding", ())]
        told = "、".join(filter(None, (*checks, *reasons)))
        yield Decision("R3-055", told, str(outcome), Text("药师四查十对", "Four checks of the pharmacist"), _REVIEW)


_DECISIONS: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterable[Decision]]]] = {
    "triage": _triage_decisions,
    "evidence": _evidence_decisions,
    "prescription": _prescription_decisions,
    "order": _order_decisions,
    "review": _review_decisions,
}


def conversation(messages: Sequence[Document]) -> Document:
    """Sum messages up: how many of whom, the first and the last; what was said is not for the trace."""
    voices = [code_of(next(iter(one.get("category", ())), {})) for one in messages]
    sent = sorted(str(one.get("sent", "")) for one in messages)
    return {
        "first": sent[0],
        "last": sent[-1],
        "count": len(messages),
        **{name: voices.count(name) for name in ("patient", "doctor", "system", "ai")},
    }


def _reviewer(task: Mapping[str, Any]) -> str:
    found = (one for one in task.get("output", ()) if one["type"].get("text") == "reviewer")
    return next((str(one["valueReference"].get("display") or one["valueReference"]["reference"]) for one in found), "")


def _answers(response: Mapping[str, Any], link: str) -> list[str]:
    items = (item for item in response.get("item", ()) if item["linkId"] == link)
    given = (answer for item in items for answer in item.get("answer", ()))
    found = (next((each[name] for name in each if name.startswith("value")), "") for each in given)
    return [words_of({"coding": [one]}) if isinstance(one, dict) else str(one) for one in found]


def _answer(response: Mapping[str, Any], link: str) -> str:
    return "、".join(_answers(response, link))


def _money(amount: Mapping[str, Any] | None) -> str:
    return f"¥{amount['value']:.2f}" if amount else ""
