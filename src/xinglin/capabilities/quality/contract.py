"""Rules as data, profiles of findings and scores, the operation, the job and the addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import DetectedIssue
from xinglin.registry import Portal

DOMAINS: Final[Mapping[str, Text]] = {
    "completeness": Text("完整性", "Complete"),
    "validity": Text("编码规范", "Valid codes"),
    "plausibility": Text("合理性", "Plausibility"),
    "timeliness": Text("及时性", "Timeliness"),
    "front-page": Text("病案首页", "Front page"),
}
SEVERITIES: Final[Mapping[str, Text]] = {
    "high": Text("严重", "Serious"),
    "moderate": Text("一般", "Moderate"),
    "low": Text("轻微", "Slight"),
}
OPEN: Final = "open"
CORRECTING: Final = "correcting"
EXPLAINED: Final = "explained"
RESOLVED: Final = "resolved"
STATES: Final[Mapping[str, Text]] = {
    OPEN: Text("待整改", "Open"),
    CORRECTING: Text("整改中", "Being corrected"),
    EXPLAINED: Text("已说明", "Explained"),
    RESOLVED: Text("已解决", "Resolved"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked at. domain: of DOMAINS. severity: of SEVERITIES. title: what is wrong when it finds something."""

    domain: str
    severity: str
    title: Text


def _rule(domain: str, severity: str, zh: str, en: str) -> Rule:
    return Rule(domain, severity, Text(zh, en))


RULES: Final[Mapping[str, Rule]] = {
    "DQ-C01": _rule("completeness", "high", "居民缺少姓名、性别或出生日期", "Name, sex or birth date is missing"),
    "DQ-C02": _rule("completeness", "moderate", "居民没有证件号码", "No number of an identity document"),
    "DQ-C03": _rule("completeness", "low", "居民没有电话或住址", "No telephone or no address"),
    "DQ-C04": _rule(
        "completeness", "moderate", "就诊缺少科室、医生、机构或时间", "A visit lacks department, doctor or time"
    ),
    "DQ-C05": _rule("completeness", "moderate", "已结束的就诊没有诊断", "A finished visit has no diagnosis"),
    "DQ-C06": _rule("completeness", "low", "诊断缺少记录时间或记录人", "A diagnosis does not say when or by whom"),
    "DQ-C07": _rule("completeness", "low", "处方缺少用法、开具人或时间", "A prescription lacks dosage, author or time"),
    "DQ-C08": _rule("completeness", "low", "报告缺少结果、出具者或时间", "A report lacks result, author or time"),
    "DQ-C09": _rule(
        "completeness", "low", "接种记录缺少批号、接种者或时间", "A vaccination lacks lot, vaccinator or time"
    ),
    "DQ-V01": _rule("validity", "high", "疾病编码不符合国家临床版格式", "A disease code is not of the national form"),
    "DQ-V02": _rule(
        "validity", "high", "手术操作编码不符合国家临床版格式", "An operation code is not of the national form"
    ),
    "DQ-V03": _rule("validity", "high", "编码不在字典内", "A code is not in its code system"),
    "DQ-V04": _rule("validity", "moderate", "编码与名称不一致", "Code and name do not agree"),
    "DQ-V05": _rule("validity", "moderate", "编码在当日未启用或已停用", "A code did not count on its day"),
    "DQ-V06": _rule(
        "validity", "moderate", "中医编码不符合国标格式", "A code of Chinese medicine is not of the standard's form"
    ),
    "DQ-V07": _rule("validity", "moderate", "诊断或手术只有文字没有编码", "A diagnosis or operation has no code"),
    "DQ-V08": _rule(
        "validity", "moderate", "药品、疫苗、结果或报告没有编码", "A medicine, vaccine, result or report has no code"
    ),
    "DQ-V09": _rule("validity", "low", "编码没有带上名称", "A code comes without its name"),
    "DQ-P01": _rule("plausibility", "high", "结束早于开始", "The end lies before the beginning"),
    "DQ-P02": _rule("plausibility", "high", "日期在将来", "A date lies in the future"),
    "DQ-P03": _rule("plausibility", "high", "日期早于出生或晚于死亡", "A date lies before birth or after death"),
    "DQ-P04": _rule("plausibility", "high", "诊断与性别不符", "Diagnosis and sex do not agree"),
    "DQ-P05": _rule("plausibility", "high", "诊断与年龄不符", "Diagnosis and age do not agree"),
    "DQ-P06": _rule("plausibility", "high", "体征数值超出可能范围", "A vital sign is not possible"),
    "DQ-P07": _rule("plausibility", "moderate", "检验数值超出可能范围", "A laboratory value is not possible"),
    "DQ-P08": _rule(
        "plausibility", "high", "身份证号有误或与性别、生日不符", "The identity number is wrong or disagrees"
    ),
    "DQ-P09": _rule("plausibility", "high", "收缩压不高于舒张压", "Systolic pressure is not above diastolic"),
    "DQ-T01": _rule("timeliness", "low", "诊断在就诊结束24小时后才记录", "Recorded over 24 h after the visit"),
    "DQ-T02": _rule("timeliness", "low", "结果在采集72小时后才报告", "Reported over 72 h after it was taken"),
    "DQ-T03": _rule("timeliness", "moderate", "病案首页在出院30天后才上传", "Uploaded over 30 days after discharge"),
    "DQ-F01": _rule("front-page", "high", "首页必填项为空", "A required item is blank"),
    "DQ-F02": _rule("front-page", "moderate", "医疗付费方式不是1至9", "The way of payment is not 1 to 9"),
    "DQ-F03": _rule("front-page", "moderate", "实际住院天数不符", "The days in hospital are wrong"),
    "DQ-F04": _rule("front-page", "high", "没有或有多个主要诊断", "There is no main diagnosis, or several"),
    "DQ-F05": _rule("front-page", "high", "该编码不能作主要诊断", "The code cannot be a main diagnosis"),
    "DQ-F06": _rule(
        "front-page", "moderate", "损伤、中毒没有外部原因编码", "Injury or poisoning without external cause"
    ),
    "DQ-F07": _rule("front-page", "moderate", "肿瘤没有形态学编码", "A tumour without morphology code"),
    "DQ-F08": _rule("front-page", "high", "手术日期不在住院期间", "An operation lies outside the stay"),
    "DQ-F09": _rule("front-page", "low", "手术缺少级别或术者", "An operation lacks level or operator"),
    "DQ-F10": _rule("front-page", "moderate", "诊断没有入院病情", "A diagnosis does not say its state on admission"),
    "DQ-F11": _rule(
        "front-page", "moderate", "离院方式无效或未写接收机构", "Way of leaving is not valid, or names no receiver"
    ),
    "DQ-F12": _rule(
        "front-page", "high", "离院方式为死亡但居民没有死亡时间", "Left by death, but the person has no death"
    ),
    "DQ-F13": _rule("front-page", "high", "费用合计不符", "The fees do not add up"),
    "DQ-F14": _rule("front-page", "moderate", "有手术编码但没有手术费", "An operation without an operation fee"),
    "DQ-F15": _rule("front-page", "moderate", "新生儿体重缺失或有误", "Weight of a newborn is missing or not possible"),
    "DQ-F16": _rule("front-page", "low", "患者的首页基本项目为空", "Items of the person are blank on the front page"),
    "DQ-F17": _rule(
        "front-page",
        "low",
        "付费方式、门急诊诊断或再住院计划为空",
        "Payment, outpatient diagnosis or plan to come back is blank",
    ),
    "DQ-F18": _rule("front-page", "moderate", "科别或入院途径代码无效", "Department or way of admission is not valid"),
    "DQ-F19": _rule(
        "front-page", "moderate", "手术级别与手术分级目录不符", "The level of an operation is not that of the list"
    ),
    "DQ-F20": _rule("front-page", "moderate", "手术操作没有日期", "An operation has no date"),
    "DQ-F21": _rule(
        "front-page", "moderate", "中医病名没有对应的证候", "A disease of Chinese medicine without its syndrome"
    ),
    "DQ-F22": _rule("front-page", "moderate", "死亡患者没有填写是否尸检", "Of the dead, autopsy is not answered"),
    "DQ-F23": _rule("front-page", "low", "再住院计划或昏迷时间填写有误", "Plan to come back or time in coma is wrong"),
    "DQ-F24": _rule("front-page", "moderate", "有血费但没有血型", "Blood was charged, but there is no blood group"),
    "DQ-F25": _rule("front-page", "moderate", "呼吸机使用时间有误", "The hours of ventilation are wrong"),
    "DQ-F26": _rule("front-page", "moderate", "星号编码没有对应的剑号编码", "An asterisk code without a dagger code"),
    "DQ-F27": _rule("front-page", "high", "有收费项目但没有总费用", "There are fees, but no total"),
}
CODES: Final = CodeSet(
    url=valueset("quality-rule"),
    system=canonical("quality-rule", "CodeSystem"),
    codes={id: one.title for id, one in RULES.items()},
)
DOMAIN_CODES: Final = CodeSet(
    url=valueset("quality-domain"), system=canonical("quality-domain", "CodeSystem"), codes=DOMAINS
)
STATE_CODES: Final = CodeSet(
    url=valueset("quality-state"), system=canonical("quality-state", "CodeSystem"), codes=STATES
)
SEVERITY_TAGS: Final = canonical("quality-severity", "CodeSystem")

# DetectedIssue: code the rule, implicated the record and then the institution that answers for it, detail what was
# found without a person's data. Domain, severity and state stand as tags, by which it is searched. It names no patient:
# who may see a finding need not be one who may see the record.
FINDING: Final = Profile(
    url=canonical("quality-finding"),
    on="DetectedIssue",
    required=("code", "severity", "implicated", "identified"),
    bindings={"code": CODES.url},
)
# MeasureReport: one a day and institution; a group a domain with its score and populations.
MEASURE: Final = canonical("quality", "Measure")
SCORE: Final = Profile(
    url=canonical("quality-score"),
    on="MeasureReport",
    required=("reporter", "date"),
)
POPULATIONS: Final = canonical("quality-population", "CodeSystem")
# The open findings of somebody who is looked at: the reach of an institution.
FINDINGS_SEARCH: Final = f"code={CODES.system}|"


@dataclass(frozen=True, slots=True)
class Explaining:
    """A finding that is right as it is. id: of the DetectedIssue. reason: why."""

    id: str
    reason: str


EXPLAIN: Final = Operation(
    "explain-finding",
    "DetectedIssue",
    Explaining,
    DetectedIssue,
    level="instance",
    title=Text("说明质量问题", "Explain a finding"),
)


@dataclass(frozen=True, slots=True)
class Correcting:
    """A finding that somebody sees to. id: of the DetectedIssue. note: what is done, may be empty."""

    id: str
    note: str = ""


CORRECT: Final = Operation(
    "correct-finding",
    "DetectedIssue",
    Correcting,
    DetectedIssue,
    level="instance",
    title=Text("整改质量问题", "See to a finding"),
)


@dataclass(frozen=True, slots=True)
class District:
    """How good the records of a district are. code, name: of the division. score: 0 to 100 in tenths.

    records: looked at, in the domain that looked at most. findings: that wait for the institutions.
    """

    code: str
    name: str
    institutions: int
    records: int
    findings: int
    score: Decimal


@dataclass(frozen=True, slots=True)
class Districts:
    """Figures of the districts whose institutions have scores. day: of the scores, ISO; empty when there are none."""

    day: str
    districts: tuple[District, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures. domain: one of DOMAINS, empty for all together."""

    domain: str = ""


DISTRICTS: Final = Operation(
    "quality-by-district",
    "MeasureReport",
    Asked,
    Districts,
    affects_state=False,
    title=Text("各区县数据质量", "Data quality by district"),
)

LOOK: Final = "quality.look"
LIST: Final = "/quality"
FINDINGS: Final = "/quality/findings"
ROLES: Final = frozenset({"regulator", "system-admin"})
# Who writes records, and can mend them.
WRITERS: Final = frozenset({"physician", "village-doctor", "family-doctor", "public-health"})
AT: Final = Portal("quality", LIST, ROLES | WRITERS | {"developer"}, Text("数据质量", "Data quality"))
