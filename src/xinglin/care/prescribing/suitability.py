"""Whether western and patent drugs suit: diagnosis, skin test, dose, quantity, route, solvent, rate (A1 to A4, A8)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from xinglin.care.findings import Finding, Weight
from xinglin.care.prescribing import doses, knowledge
from xinglin.care.prescribing.case import REVIEW, Case, finding, is_injected
from xinglin.care.prescribing.forms import DrugLine
from xinglin.care.prescribing.quantities import day_of, dose_of, packs_for
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import FREQUENCIES, Drug

_INJECTED: Final = frozenset(
    "静脉滴注 静脉注射 皮下注射 肌内注射 局部注射 关节腔注射 玻璃体内注射 皮内注射 气管内滴入".split()
)
_SWALLOWED: Final = frozenset({"口服", "舌下含服", "含服"})
_IN_MOUTH: Final = frozenset(
    {"片剂", "胶囊", "颗粒", "丸剂", "缓释片", "控释片", "肠溶片", "咀嚼片", "缓释胶囊", "肠溶胶囊"}
)
_WHOLE: Final = frozenset({"缓释片", "控释片", "缓释胶囊", "肠溶片", "肠溶胶囊"})
_TOLERANCE: Final = Fraction(11, 10)  # of a child's dose: what rounding to a half tablet makes
_PART: Final = Fraction(1, 2)


@cites("R3-054")
def indication(case: Case) -> Iterator[Finding]:
    """A1: a drug that no diagnosis of the patient calls for is warned of; drugs without a list are said once."""
    if not case.conditions:
        return
    unknown = []
    for number, _, drug in case.drugs:
        known = indications(case, drug)
        if known is None:
            unknown.append(number)
        elif not known & case.conditions:
            yield finding(
                "A1",
                "R3-054",
                "warn",
                zh=f"{drug.name}与诊断不符",
                en=f"No diagnosis calls for {drug.name}",
                lines=(number,),
                source=REVIEW,
            )
    if unknown:
        yield finding(
            "A1",
            "R3-054",
            "note",
            zh="以下药品没有适应证数据，请人工审核",
            en="No indications are listed for these drugs: judge them yourself",
            lines=tuple(unknown),
            source=REVIEW,
        )


def indications(case: Case, drug: Drug) -> frozenset[str] | None:
    """Give beginnings of ICD-10 for which a drug is listed, by its most precise token; None when it is in no list."""
    tokens = knowledge.tokens_of_drug(drug.code)
    rows = knowledge.rows_for("indications", tokens, case.day)
    if not rows:
        return None
    # A compound is called for by what calls for any of its parts.
    longest = max((len(word) for row in rows for word in row.words("tokens") if word in tokens), default=0)
    exact = "+" not in drug.substance
    chosen = [
        row
        for row in rows
        if any(word in tokens and (not exact or len(word) == longest) for word in row.words("tokens"))
    ]
    return frozenset(code for row in chosen for code in row.words("conditions"))


@cites("R3-054")
def skin_test(case: Case) -> Iterator[Finding]:
    """A2: a skin test that was positive forbids; one that is missing is to be done before an injection."""
    for number, line, drug in case.drugs:
        for row in knowledge.rows_for("skin_tests", knowledge.tokens_of_drug(drug.code), case.day):
            injected = is_injected(drug)
            if row.cells["injected_only"] and not injected:
                continue
            if line.skin_test == "positive":
                weight: Weight = "block"
                zh, en = f"{drug.name}皮试阳性，禁用", f"The skin test of {drug.name} was positive"
            elif line.skin_test:
                continue
            else:
                weight = "block" if injected and case.setting.place != "inpatient" else "warn"
                zh, en = f"{drug.name}须注明皮试结果", f"The result of the skin test of {drug.name} is missing"
            yield finding("A2", "R3-054", weight, zh=zh, en=en, lines=(number,), source=REVIEW)


@cites("R3-006")
def dose(case: Case) -> Iterator[Finding]:
    """A3: more than the label allows goes on with a reason and a second signature only."""
    for number, line, drug in case.drugs:
        a_day, single = day_of(drug, line), dose_of(drug, line)
        if a_day is None or single is None:
            continue
        day_max = Fraction(drug.max_daily) if drug.max_daily is not None else None
        # Rare doses are large ones: a week's dose is compared with itself.
        judged = max(a_day, Fraction(single))
        if day_max is not None and judged > day_max:
            yield _over(
                number,
                f"{drug.name}每日用量{_spell(judged)}{drug.dose_unit}，超过最大量{_spell(day_max)}{drug.dose_unit}",
                f"{drug.name}: {_spell(judged)} {drug.dose_unit} a day is above {_spell(day_max)}",
            )
        usual, written = FREQUENCIES[drug.frequency], FREQUENCIES[line.frequency]
        if usual is not None and written is not None and usual < 1 and written > usual:
            yield _over(
                number,
                f"{drug.name}常规频次为{drug.frequency}，处方为{line.frequency}",
                f"{drug.name} is usually given {drug.frequency}, not {line.frequency}",
            )
        yield from _of_child(case, number, line, drug)


def _of_child(case: Case, number: int, line: DrugLine, drug: Drug) -> Iterator[Finding]:
    if case.age.years >= doses.CHILD_YEARS or drug.dose_unit not in doses.MASS_MG:
        return
    suggested = doses.suggest(drug, case.patient, case.day)
    single, a_day = dose_of(drug, line), day_of(drug, line)
    if single is None or a_day is None:
        return
    if suggested is None:
        if case.patient.weight_kg is None and doses.by_weight(drug, case.day) is not None:
            yield finding(
                "A3",
                "R3-004",
                "warn",
                zh=f"{drug.name}儿童按体重给药，请填写体重",
                en=f"{drug.name} is dosed by weight in a child: enter the weight",
                lines=(number,),
            )
        return
    if Fraction(single) > Fraction(suggested.high) * _TOLERANCE or a_day > Fraction(suggested.day) * _TOLERANCE:
        yield _over(
            number,
            f"{drug.name}超过按体重计算的剂量（每次不超过{_spell(Fraction(suggested.high))}{drug.dose_unit}）",
            f"{drug.name}: above the dose by weight, {_spell(Fraction(suggested.high))} {drug.dose_unit} at a time",
        )


def _over(number: int, zh: str, en: str) -> Finding:
    return finding(
        "A3", "R3-006", "sign", zh=f"{zh}，须注明理由并再次签名", en=f"{en}; sign again with a reason", lines=(number,)
    )


@cites("R3-021")
def quantity(case: Case) -> Iterator[Finding]:
    """A3: the quantity agrees with dose, frequency and days; more than the days need is warned of, less is noted."""
    for number, line, drug in case.drugs:
        if line.days is None or line.days < 1 or line.quantity < 1:
            continue
        needed = packs_for(drug, line, line.days)
        if needed is None or needed == line.quantity:
            continue
        more, unit = line.quantity > needed, drug.unit if line.loose else "盒"
        yield finding(
            "A3",
            "R3-021",
            "warn" if more else "note",
            zh=f"{drug.name}{line.days}天需{needed}{unit}，开具{line.quantity}{unit}",
            en=f"{drug.name}: {line.days} days need {needed}, {line.quantity} prescribed",
            lines=(number,),
        )


@cites("R3-054")
def route(case: Case) -> Iterator[Finding]:
    """A4: the form can be given that way; what must be swallowed whole is not halved."""
    for number, line, drug in case.drugs:
        wrong = (
            (drug.form in _IN_MOUTH and line.route not in _SWALLOWED and line.route != drug.route)
            or (line.route in _INJECTED and not is_injected(drug) and line.route != drug.route)
            or (is_injected(drug) and line.route in _SWALLOWED and line.route != drug.route)
        )
        if wrong and line.route:
            yield finding(
                "A4",
                "R3-054",
                "block",
                zh=f"{drug.name}（{drug.form}）不能{line.route}",
                en=f"{drug.name} ({drug.form}) cannot be given that way",
                lines=(number,),
                source=REVIEW,
            )
        elif line.route and line.route != drug.route:
            yield finding(
                "A4",
                "R3-054",
                "warn",
                zh=f"{drug.name}常规途径为{drug.route}，处方为{line.route}",
                en=f"The usual route of {drug.name} is another",
                lines=(number,),
                source=REVIEW,
            )
        yield from _split(case, number, line, drug)


def _split(case: Case, number: int, line: DrugLine, drug: Drug) -> Iterator[Finding]:
    single, amount = dose_of(drug, line), drug.amount
    if drug.form not in _WHOLE or single is None or amount is None:
        return
    units = Fraction(single) / Fraction(amount)
    # Sustained tablets with a score may be halved; anything else breaks the coat.
    if units.denominator > (1 if drug.form in {"肠溶片", "肠溶胶囊", "缓释胶囊"} else _PART.denominator):
        yield finding(
            "A4",
            "R3-054",
            "warn",
            zh=f"{drug.name}不宜掰开或拆开服用",
            en=f"{drug.name} should not be broken",
            lines=(number,),
            source=REVIEW,
        )


@cites("R3-054")
def solvent(case: Case) -> Iterator[Finding]:
    """A8: the solvent suits the drug, and the infusion takes long enough."""
    for number, line, drug in case.drugs:
        tokens = knowledge.tokens_of_drug(drug.code)
        for row in knowledge.rows_for("solvents", tokens, case.day) if line.solvent and is_injected(drug) else ():
            if (line.solvent in row.words("solvents")) != (row.cells["allowed"] == "yes"):
                yield _solvent(number, f"{drug.name}：{row.text.zh}", row.text.en, row.source)
        given = line.minutes is not None and line.route in {"静脉滴注", "静脉注射"}
        for row in knowledge.rows_for("rates", tokens, case.day) if given else ():
            if line.minutes is not None and line.minutes < int(row.cells["minutes"]):
                yield _solvent(number, f"{drug.name}：{row.text.zh}", row.text.en, row.source)


def _solvent(number: int, zh: str, en: str, source: str) -> Finding:
    return finding("A8", "R3-054", "sign", zh=zh, en=en, lines=(number,), source=source)


def _spell(amount: Fraction) -> str:
    return f"{float(amount):.4g}"
