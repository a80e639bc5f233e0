"""The internet hospital of the largest one: its departments online, its offices, and the evidence that it is ready.

It is active because its checklist is met (R1-020): what the directory does not show by itself is shown by one Task an
item, as an administrator records it. `capabilities/directory` judges both alike.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from xinglin.city.institutions import address, by_id, department_title, position
from xinglin.city.terms import HL7, META, Json, coding, concept, nested, reference, system
from xinglin.fhir.declarations import canonical
from xinglin.security import institution_forms as forms

ID: Final = "jz-renmin-internet"
_HOST: Final = "jz-renmin"
# Departments online: each has a senior and an associate senior physician at the host.
ONLINE: Final = ("02", "03.01", "03.02", "03.04", "03.07", "07", "50")
_OFFICES: Final = (("D86", "医疗质量管理部"), ("D85", "信息技术部"), ("D72", "药学部"))
# Items of the checklist that evidence alone shows: who answers for it, and the paper.
_EVIDENCE: Final = {
    "application": ("院长办公室", "执业登记申请书"),
    "platform": ("信息技术部", "省级监管平台联通测试记录"),
    "duty": ("药学部", "药师排班表"),
    "quality": ("医疗质量管理部", "专职人员任命文件"),
    "maintenance": ("信息技术部", "技术维护服务合同"),
    "training": ("医务科", "上岗培训考核记录"),
    "servers": ("信息技术部", "服务器清单"),
    "power": ("后勤保障部", "双路供电验收单"),
    "inland": ("信息技术部", "机房所在地证明"),
    "video": ("信息技术部", "音视频系统验收单"),
    "network": ("信息技术部", "两家网络供应商合同"),
    "access": ("信息技术部", "访问控制与数据交换测试报告"),
    "mlps": ("信息技术部", "三级等保备案与测评报告"),
    "rule-service": ("医务科", "互联网医疗服务管理制度"),
    "rule-systems": ("信息技术部", "信息系统使用管理制度"),
    "rule-quality": ("医疗质量管理部", "质量控制和评价制度"),
    "rule-prescriptions": ("药学部", "在线处方管理制度"),
    "rule-consent": ("医务科", "知情同意与登记制度"),
    "rule-documents": ("医务科", "在线医疗文书管理制度"),
    "rule-risks": ("医务科", "复诊患者风险评估与突发状况处置制度"),
    "rule-training": ("医务科", "人员培训考核制度"),
    "rule-emergencies": ("信息技术部", "应急预案"),
}
_SHOWN_BEFORE: Final = 60  # days before the last day of the city


def resources(until: date) -> Iterator[Json]:
    """Yield the Organization, its offices, its services and the evidence of its checklist. until: the last day."""
    yield internet_hospital()
    for code, name in _OFFICES:
        yield _office(code, name)
    for code in ONLINE:
        yield _service(code)
    for item, (owner, paper) in _EVIDENCE.items():
        yield _shown(item, owner, paper, until - timedelta(days=_SHOWN_BEFORE))


def internet_hospital() -> Json:
    """Write the Organization; its name begins with that of its host (R1-010)."""
    host = by_id()[_HOST]
    kinds = [coding(forms.KINDS, forms.INTERNET_HOSPITAL, "互联网医院"), coding(f"{HL7}/organization-type", "prov")]
    return {
        "resourceType": "Organization",
        "id": ID,
        "meta": META,
        "active": True,
        "type": [{"coding": kinds, "text": "互联网医院"}],
        "name": _name(),
        "partOf": reference("Organization", host.id, host.name),
        "address": [address(host)],
        "extension": [nested(forms.SET_UP, ("naming", {"valueCode": "alone"})), position(host)],
    }


def _name() -> str:
    return f"{by_id()[_HOST].name}互联网医院"


def _office(code: str, name: str) -> Json:
    kinds = [coding(f"{HL7}/organization-type", "dept"), coding(forms.OFFICES, code, name)]
    return {
        "resourceType": "Organization",
        "id": f"{ID}-{code}",
        "meta": META,
        "active": True,
        "type": [{"coding": kinds, "text": name}],
        "name": name,
        "partOf": reference("Organization", ID, _name()),
    }


def _service(code: str) -> Json:
    title = department_title(code)
    return {
        "resourceType": "HealthcareService",
        "id": f"{ID}-{code}-service",
        "meta": META,
        "active": True,
        "providedBy": reference("Organization", ID, _name()),
        "type": [concept(system("department"), code, title)],
        "specialty": [concept(system("department"), code, title)],
        "name": title,
    }


def _shown(item: str, owner: str, paper: str, on: date) -> Json:
    items = canonical("readiness-item", "CodeSystem")
    return {
        "resourceType": "Task",
        "id": f"{ID}-{item}",
        "meta": META | {"profile": [canonical("readiness-item")]},
        "identifier": [{"system": canonical("readiness-item", "NamingSystem"), "value": f"{ID}/{item}"}],
        "status": "completed",
        "intent": "order",
        "code": concept(canonical("task", "CodeSystem"), "readiness"),
        "reasonCode": concept(items, item),
        "businessStatus": concept(canonical("readiness-result", "CodeSystem"), "passed"),
        "focus": reference("Organization", ID, _name()),
        "executionPeriod": {"start": on.isoformat(), "end": (on + timedelta(days=300)).isoformat()},
        "owner": {"display": owner},
        "input": [{"type": concept(items, "document"), "valueString": paper}],
    }
