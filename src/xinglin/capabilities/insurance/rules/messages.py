"""What is said to the platform: inputs of the transactions, and what their outputs say. Yuan outside, fen inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.insurance.rules.claims import Site
from xinglin.care.insurable import Item
from xinglin.care.insurer import unsound
from xinglin.care.money import fen, yuan
from xinglin.care.portions import Portions
from xinglin.care.settlement import Group, Person
from xinglin.care.used import Used
from xinglin.fhir.sources import cites

CHINA: Final = ZoneInfo("Asia/Shanghai")
Given = dict[str, Any]


class Misunderstood(Exception):
    """An answer of the platform that cannot be true or cannot be read."""


@dataclass(frozen=True, slots=True)
class Insured:
    """What the platform says of a person. number: psn_no."""

    number: str
    person: Person


@dataclass(frozen=True, slots=True)
class Result:
    """What the platform reckoned. settlement: setl_id, empty before; figures: by national name, fen; funds: by type."""

    settlement: str
    figures: Mapping[str, int]
    funds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """A settlement that stands: its number, the whole bill, what funds pay (fen)."""

    number: str
    total: int
    funds: int


def person(card: str, name: str, insurance: str) -> Given:
    """1101: ask who it is. The kind of cover that we know of is told in the field for extensions."""
    return {
        "data": {
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": card,
            "card_sn": "",
            "begntime": "",
            "psn_cert_type": "01",
            "certno": card,
            "psn_name": name,
            "exp_content": {"insutype": insurance},
        }
    }


def insured(output: Mapping[str, Any], insurance: str) -> Insured:
    """Read 1101: the person in the insurance asked for; Misunderstood when he is not insured there."""
    try:
        known = next(one for one in output["insuinfo"] if one["insutype"] == insurance and one["psn_insu_stas"] == "1")
        more = output.get("exp_content") or {}
        groups = tuple(
            Group(
                one["psn_idet_type"],
                date.fromisoformat(one["begntime"][:10]),
                date.fromisoformat(one["endtime"][:10]) if one.get("endtime") else date.max,
            )
            for one in output.get("idetinfo", ())
        )
        return Insured(
            str(output["baseinfo"]["psn_no"]),
            Person(
                insurance=insurance,
                status=str(known["psn_type"]),
                age=int(output["baseinfo"]["age"]),
                contract=str(more.get("contract", "")),
                groups=groups,
                filed=frozenset(more.get("filed", ())),
                years=int(more.get("years", 0)),
                account_fen=fen(str(known["balc"])),
                family_fen=fen(str(more.get("family_balc", "0"))),
            ),
        )
    except StopIteration as none:
        raise Misunderstood("not insured") from none
    except (KeyError, TypeError, ValueError, InvalidOperation) as fault:
        raise Misunderstood("1101") from fault


def benefit(number: str, insurance: str, category: str, at: datetime) -> Given:
    """2001: ask whether he enjoys the benefit."""
    return {"data": {"psn_no": number, "insutype": insurance, "med_type": category, "begntime": _time(at)}}


def enjoys(output: Mapping[str, Any]) -> bool:
    """Read 2001."""
    return any(one.get("trt_chk_rslt") == "1" for one in output.get("trtinfo", ()))


@cites("R4-045")
def register(claim: str, number: str, card: str, insurance: str, site: Site, at: datetime, *, internet: bool) -> Given:
    """2201: a visit begins; an online one bears its mark."""
    return {
        "data": {
            "psn_no": number,
            "insutype": insurance,
            "begntime": _time(at),
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": card,
            "ipt_otp_no": claim,
            "hosp_lv": site.level,
            "hosp_seat": site.seat,
            "inet_flag": "1" if internet else "0",
        }
    }


def registered(output: Mapping[str, Any]) -> str:
    """Read 2201: the number of the visit."""
    try:
        return str(output["data"]["mdtrt_id"])
    except (KeyError, TypeError) as fault:
        raise Misunderstood("2201") from fault


def visit(medium: str, number: str, category: str, at: datetime, diagnoses: Sequence[tuple[str, str]]) -> Given:
    """2203: what the visit was for. diagnoses: code and name, the main one first."""
    main = diagnoses[0] if diagnoses else ("", "")
    return {
        "mdtrtinfo": {
            "mdtrt_id": medium,
            "psn_no": number,
            "med_type": category,
            "begntime": _time(at),
            "dise_codg": main[0],
            "dise_name": main[1],
        },
        "diseinfo": [
            {
                "diag_type": "1",
                "diag_srt_no": place,
                "diag_code": code,
                "diag_name": name,
                "diag_time": _time(at),
                "vali_flag": "1",
            }
            for place, (code, name) in enumerate(diagnoses, 1)
        ],
    }


def fees(medium: str, number: str, items: Sequence[Item], at: datetime) -> Given:
    """2204: every line."""
    return {
        "feedetail": [
            {
                "feedetl_sn": item.number,
                "mdtrt_id": medium,
                "psn_no": number,
                "chrg_bchno": "0001",
                "fee_ocur_time": _time(at),
                "list_type": item.system,
                "med_list_codg": item.code,
                "medins_list_codg": item.code,
                "medins_list_name": item.name,
                "det_item_fee_sumamt": Decimal(yuan(item.amount_fen)),
                "cnt": item.quantity,
            }
            for item in items
        ]
    }


@cites("R4-051")
def uploaded(output: Mapping[str, Any]) -> tuple[Portions, ...]:
    """Read 2204: each line as it arrived, taken apart; its sum is held against our own before anything is reckoned."""
    try:
        return tuple(
            Portions(
                int(one["feedetl_sn"]),
                fen(str(one["fulamt_ownpay_amt"])),
                fen(str(one["overlmt_amt"])),
                fen(str(one["preselfpay_amt"])),
                fen(str(one["inscp_scp_amt"])),
            )
            for one in output["result"]
        )
    except (KeyError, TypeError, ValueError, InvalidOperation) as fault:
        raise Misunderstood("2204") from fault


@cites("R4-053")
def review(medium: str, number: str, items: Sequence[Item], scene: str) -> Given:
    """3101, 3102: ask whether anything is wrong with it. scene: when it is asked (trig_scen)."""
    return {
        "data": {
            "trig_scen": scene,
            "patient_dtos": [
                {
                    "patn_id": number,
                    "fsi_encounter_dtos": [
                        {
                            "mdtrt_id": medium,
                            "fsi_order_dtos": [
                                {"rx_id": item.number, "hilist_code": item.code, "hilist_name": item.name}
                                for item in items
                            ],
                        }
                    ],
                }
            ],
        }
    }


def hits(output: Mapping[str, Any]) -> tuple[str, ...]:
    """Read 3101, 3102: what was found, in words."""
    return tuple(f"{one.get('rule_name', '')}：{one.get('vola_cont', '')}" for one in output.get("result", ()))


def settle(medium: str, number: str, card: str, insurance: str, category: str, total: int) -> Given:
    """2206, 2207: reckon, settle."""
    return {
        "data": {
            "psn_no": number,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": card,
            "med_type": category,
            "medfee_sumamt": Decimal(yuan(total)),
            "psn_setlway": "01",
            "mdtrt_id": medium,
            "chrg_bchno": "0001",
            "acct_used_flag": "1",
            "insutype": insurance,
            "invono": "",
        }
    }


@cites("R4-022")
def result(output: Mapping[str, Any]) -> Result | None:
    """Read 2206, 2207, 5203; None: there is no settlement. Misunderstood when its sums do not agree."""
    info = output.get("setlinfo") or {}
    if "medfee_sumamt" not in info:
        return None
    try:
        names = [name for name in info if name not in {"setl_id", "mdtrt_id", "psn_no"}]
        figures = {name: fen(str(info[name])) for name in names if _is_money(info[name])}
        funds = {str(one["fund_pay_type"]): fen(str(one["fund_payamt"])) for one in output.get("setldetail", ())}
    except (KeyError, TypeError, ValueError, InvalidOperation) as fault:
        raise Misunderstood("settlement") from fault
    broken = unsound(figures)
    if broken or sum(funds.values()) != figures["fund_pay_sumamt"] + figures["acct_pay"]:
        raise Misunderstood(f"sums {' '.join(broken) or 'of funds'}")
    return Result(str(info.get("setl_id", "")), figures, funds)


def _is_money(value: object) -> bool:
    try:
        Decimal(str(value))
    except InvalidOperation:
        return False
    return True


def accumulators(number: str, day: date) -> Given:
    """5206: ask what has been used this year."""
    return {"data": {"psn_no": number, "cum_ym": f"{day:%Y%m}"}}


def used(output: Mapping[str, Any], year: int) -> Used:
    """Read 5206."""
    try:
        given: Given = {"special": {}}
        for one in output["cuminfo"]:
            name, cum = str(one["cum_type_code"]), one["cum"]
            if name.startswith("special/"):
                given["special"][name.removeprefix("special/")] = fen(str(cum))
            else:
                given[name] = int(cum) if name == "stays" else fen(str(cum))
        return Used(year, **given)
    except (KeyError, TypeError, ValueError, InvalidOperation) as fault:
        raise Misunderstood("5206") from fault


def visit_data(medium: str, number: str, **more: Any) -> Given:
    """2202, 2205, 2208, 5203: about a visit."""
    return {"data": {"psn_no": number, "mdtrt_id": medium, "chrg_bchno": "0000"} | more}


def totals(day: str, settled: Sequence[Standing]) -> Given:
    """3201: what the institution comes to on a day."""
    return {"data": _term(day) | _sums(settled)}


def details(day: str, settled: Sequence[Standing]) -> Given:
    """3202: the settlements of a day, one by one."""
    return {
        "data": _term(day) | _sums(settled),
        "detail": [{"setl_id": one.number, "medfee_sumamt": yuan(one.total)} for one in settled],
    }


def agrees(output: Any) -> bool:
    """Tell whether the platform comes to the same (3201)."""
    return str(output["stmtinfo"]["stmt_rslt"]) == "0"


def different(output: Any) -> tuple[tuple[str, str], ...]:
    """Give what differs by settlement (3202): number and how."""
    return tuple((str(one["setl_id"]), str(one["stmt_rslt"])) for one in output["result"])


def _term(day: str) -> Given:
    return {"stmt_begndate": day, "stmt_enddate": day}


def _sums(settled: Sequence[Standing]) -> Given:
    return {
        "medfee_sumamt": yuan(sum(one.total for one in settled)),
        "fund_pay_sumamt": yuan(sum(one.funds for one in settled)),
        "fixmedins_setl_cnt": len(settled),
    }


def undo(number: str, message: str, transaction: str) -> Given:
    """2601: what that message did shall not have been."""
    return {"data": {"psn_no": number, "omsgid": message, "oinfno": transaction}}


def _time(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
