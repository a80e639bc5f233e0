"""What the simulated insurance platform does for each transaction: (book, envelope) to output. Money is in yuan."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, Final

from xinglin.care import benefits
from xinglin.care.insurable import Item, lines
from xinglin.care.insurer import LEVELS, SEATS, codes, figures, funds_and_account, numbers
from xinglin.care.money import fen, yuan
from xinglin.care.portions import classify
from xinglin.care.settlement import Bill, Settlement, settle
from xinglin.care.used import Used
from xinglin.simulators.insurer_book import Book, Refusal, age_of

Envelope = Mapping[str, Any]
_GRADES: Final = {"A": "01", "B": "02", "C": "03"}


def _sign_in(book: Book, asked: Envelope) -> dict[str, Any]:
    number = book.next("sign", "S")
    book.keep("sign", number, {"day": str(book.today()), "fixmedins_code": asked["fixmedins_code"]})
    return {"signinoutb": {"sign_no": number, "sign_time": str(book.today())}}


def _sign_out(book: Book, asked: Envelope) -> dict[str, Any]:
    book.keep("sign", str(asked["sign_no"]), {"day": ""})
    return {"signinoutb": {"sign_time": str(book.today())}}


def _credential(_book: Book, asked: Envelope) -> dict[str, Any]:
    """Decode an e-credential: here ``EC`` and the number of the card."""
    token = str(asked["input"]["data"]["ecToken"])
    if not token.startswith("EC"):
        raise Refusal("电子凭证无效")
    return {"idNo": token[2:], "idType": "01", "ecIndexNo": token}


def _person(book: Book, asked: Envelope) -> dict[str, Any]:
    data = asked["input"]["data"]
    certno = str(data["certno"] or data["mdtrt_cert_no"])
    card = book.get("card", certno)
    if card is None:
        wanted = (data.get("exp_content") or {}).get("insutype")
        if wanted not in {"310", "390"}:
            raise Refusal("查无此参保人")
        number = book.insure({"certno": certno, "psn_name": data.get("psn_name", ""), "insutype": wanted})
    else:
        number = card["psn_no"]
    one = book.person(number)
    age = age_of(certno, book.today())
    return {
        "baseinfo": {
            "psn_no": number,
            "psn_cert_type": "01",
            "certno": certno,
            "psn_name": one["psn_name"],
            "age": age,
        },
        "insuinfo": [
            {
                "insutype": one["insutype"],
                "psn_type": one["psn_type"],
                "psn_insu_stas": "1",
                "balc": yuan(one["account_fen"]),
            }
        ],
        "idetinfo": [
            {"psn_idet_type": code, "begntime": since, "endtime": until} for code, since, until in one["groups"]
        ],
        # What has no field of its own in 1101.
        "exp_content": {
            "filed": one["filed"],
            "contract": one["contract"],
            "years": one["years"],
            "family_balc": yuan(one["family_fen"]),
        },
    }


def _benefit(book: Book, asked: Envelope) -> dict[str, Any]:
    data = asked["input"]["data"]
    one = book.person(str(data["psn_no"]))
    good = one["insutype"] == data["insutype"]
    return {"trtinfo": [{"psn_no": one["psn_no"], "trt_chk_rslt": "1" if good else "0", "fund_pay_type": ""}]}


def _register(book: Book, asked: Envelope) -> dict[str, Any]:
    data = asked["input"]["data"]
    book.person(str(data["psn_no"]))
    # One registration for each number of a visit, however often it is asked for.
    key = f"{asked['fixmedins_code']}/{data['ipt_otp_no']}"
    known = book.get("registered", key)
    if known is not None and not (book.get("visit", known["mdtrt_id"]) or {}).get("cancelled"):
        return {"data": known}
    number = book.next("visit", "M")
    visit = {
        "mdtrt_id": number,
        "psn_no": data["psn_no"],
        "insutype": data["insutype"],
        "ipt_otp_no": data["ipt_otp_no"],
        "institution": asked["fixmedins_code"],
        "level": data["hosp_lv"],
        "seat": data["hosp_seat"],
        "begntime": data["begntime"],
        "internet": bool(data.get("inet_flag") == "1"),
        "diagnoses": [],
        "fees": [],
        "settled": "",
        "cancelled": False,
    }
    book.keep("visit", number, visit)
    found = {"mdtrt_id": number, "psn_no": data["psn_no"], "ipt_otp_no": data["ipt_otp_no"]}
    book.keep("registered", key, found)
    return {"data": found}


def _unregister(book: Book, asked: Envelope) -> dict[str, Any]:
    visit = _visit_of(book, asked)
    if visit["settled"]:
        raise Refusal("已结算，不能撤销挂号")
    book.keep("visit", visit["mdtrt_id"], visit | {"cancelled": True, "fees": []})
    return {}


def _visit(book: Book, asked: Envelope) -> dict[str, Any]:
    visit = _open(_visit_of(book, asked, "mdtrtinfo"))
    found = [str(one["diag_code"]) for one in asked["input"].get("diseinfo", ())]
    category = str(asked["input"]["mdtrtinfo"]["med_type"])
    book.keep("visit", visit["mdtrt_id"], visit | {"diagnoses": found, "category": category})
    return {}


def _fees(book: Book, asked: Envelope) -> dict[str, Any]:
    given = asked["input"]["feedetail"]
    visit = _open(_found(book, str(given[0]["mdtrt_id"]), str(asked["fixmedins_code"])))
    known = {str(one["feedetl_sn"]) for one in visit["fees"]}
    if known & {str(one["feedetl_sn"]) for one in given}:
        raise Refusal("费用明细流水号重复")
    fees = [*visit["fees"], *given]
    book.keep("visit", visit["mdtrt_id"], visit | {"fees": fees})
    made = [line for line in _lines(visit | {"fees": fees}) if line.number > len(known)]
    result = []
    for line in made:
        taken = classify(line, internet=visit["internet"])
        result.append(
            {
                "feedetl_sn": line.number,
                "det_item_fee_sumamt": yuan(line.amount_fen),
                "chrgitm_lv": _GRADES[line.terms.grade],
                "selfpay_prop": str(line.terms.pre_self),
                "fulamt_ownpay_amt": yuan(taken.full_self),
                "overlmt_amt": yuan(taken.over_limit),
                "preselfpay_amt": yuan(taken.pre_self),
                "inscp_scp_amt": yuan(taken.in_scope),
            }
        )
    return {"result": result}


def _withdraw_fees(book: Book, asked: Envelope) -> dict[str, Any]:
    visit = _open(_visit_of(book, asked))
    book.keep("visit", visit["mdtrt_id"], visit | {"fees": []})
    return {}


def _review(book: Book, _asked: Envelope) -> dict[str, Any]:
    """Find what it was told to find (``PUT /reviews``): the rule library (两库) is not part of the simulator."""
    return book.get("reviews", "all") or {"result": []}


def _review_answer(book: Book, asked: Envelope) -> dict[str, Any]:
    book.keep("review", book.next("review", "R"), asked["input"]["data"])
    return {}


def _presettle(book: Book, asked: Envelope) -> dict[str, Any]:
    visit, made = _reckoned(book, asked)
    return _result(visit, figures(made), _details(made), "")


def _settle(book: Book, asked: Envelope) -> dict[str, Any]:
    visit, made = _reckoned(book, asked)
    number = book.next("settlement", "J")
    kept = {
        "setl_id": number,
        "mdtrt_id": visit["mdtrt_id"],
        "psn_no": visit["psn_no"],
        "institution": visit["institution"],
        "insutype": visit["insutype"],
        "day": str(made.day),
        "setl_time": str(book.today()),
        "policy": made.policy,
        "msgid": asked["msgid"],
        "figures": figures(made),
        "details": _details(made),
        "added": asdict(made.used.beyond(made.before)),
        "reversed": "",
    }
    book.keep("settlement", number, kept)
    book.keep("visit", visit["mdtrt_id"], visit | {"settled": number})
    book.keep_used(visit["psn_no"], made.used)
    book.pay_from_account(visit["psn_no"], made.account, made.family)
    return _result(visit, kept["figures"], kept["details"], number)


def _reverse(book: Book, asked: Envelope) -> dict[str, Any]:
    data = asked["input"]["data"]
    kept = book.get("settlement", str(data["setl_id"]))
    if kept is None or kept["psn_no"] != data["psn_no"]:
        raise Refusal("查无此结算")
    if kept["institution"] != asked["fixmedins_code"]:
        raise Refusal("只能由结算机构撤销")
    if kept["reversed"]:
        raise Refusal("该结算已撤销")
    return {"setlinfo": {"setl_id": _undo_settlement(book, kept), "mdtrt_id": kept["mdtrt_id"]}}


def _undo(book: Book, asked: Envelope) -> dict[str, Any]:
    """Undo a message: what it settled is reversed; if it has not come yet, it never has an effect."""
    data = asked["input"]["data"]
    message = str(data["omsgid"])
    known = book.get("message", message)
    if known is not None and (
        known["infno"] != str(data["oinfno"])
        or known["output"].get("setlinfo", {}).get("psn_no", data["psn_no"]) != data["psn_no"]
    ):
        raise Refusal("原交易不符")
    book.keep("undone", message, {"by": asked["msgid"]})
    if known is not None and known["infno"] == numbers()["settle"].code:
        kept = book.get("settlement", known["output"]["setlinfo"]["setl_id"])
        if kept is not None and not kept["reversed"]:
            _undo_settlement(book, kept)
    return {}


def _settlement(book: Book, asked: Envelope) -> dict[str, Any]:
    visit = _visit_of(book, asked)
    kept = book.get("settlement", visit["settled"]) if visit["settled"] else None
    if kept is None:
        return {"setlinfo": {}, "setldetail": []}
    return _result(visit, kept["figures"], kept["details"], kept["setl_id"])


def _accumulators(book: Book, asked: Envelope) -> dict[str, Any]:
    data = asked["input"]["data"]
    used = book.used(str(data["psn_no"]), int(str(data["cum_ym"])[:4]))
    # Numbers of `cum_type_code` are local; here they are the names of the accumulators.
    found = [
        {"cum_type_code": name, "cum": value if name == "stays" else yuan(value), "year": used.year}
        for name, value in asdict(used).items()
        if name not in {"year", "special"}
    ]
    found += [
        {"cum_type_code": f"special/{key}", "cum": yuan(value), "year": used.year}
        for key, value in used.special.items()
    ]
    return {"cuminfo": found}


def _reconcile(book: Book, asked: Envelope) -> dict[str, Any]:
    data = asked["input"]["data"]
    theirs = (int(data["fixmedins_setl_cnt"]), fen(str(data["medfee_sumamt"])), fen(str(data["fund_pay_sumamt"])))
    found = _of_term(book, asked)
    ours = (
        len(found),
        sum(one["figures"]["medfee_sumamt"] for one in found),
        sum(one["figures"]["fund_pay_sumamt"] for one in found),
    )
    same = ours == theirs
    told = "" if same else f"医保 {ours[0]} 笔，总额 {yuan(ours[1])}，基金 {yuan(ours[2])}"
    return {"stmtinfo": {"stmt_rslt": "0" if same else "1", "stmt_rslt_dscr": told}}


def _reconcile_detail(book: Book, asked: Envelope) -> dict[str, Any]:
    """Compare by settlement; the list stands in the message, where a province takes a file (9101)."""
    theirs = {str(one["setl_id"]): fen(str(one["medfee_sumamt"])) for one in asked["input"]["detail"]}
    ours = {one["setl_id"]: one["figures"]["medfee_sumamt"] for one in _of_term(book, asked)}
    found = []
    for number in sorted(theirs.keys() | ours.keys()):
        if number not in theirs:
            found.append({"setl_id": number, "stmt_rslt": "insurer-only"})
        elif number not in ours:
            found.append({"setl_id": number, "stmt_rslt": "institution-only"})
        elif theirs[number] != ours[number]:
            found.append({"setl_id": number, "stmt_rslt": "amount"})
    return {"result": found}


ACTS: Final[Mapping[str, Callable[[Book, Envelope], dict[str, Any]]]] = {
    "sign-in": _sign_in,
    "sign-out": _sign_out,
    "credential": _credential,
    "person": _person,
    "benefit": _benefit,
    "register": _register,
    "unregister": _unregister,
    "visit": _visit,
    "fees": _fees,
    "withdraw-fees": _withdraw_fees,
    "review-before": _review,
    "review-during": _review,
    "review-answer": _review_answer,
    "presettle": _presettle,
    "settle": _settle,
    "reverse": _reverse,
    "undo": _undo,
    "settlement": _settlement,
    "accumulators": _accumulators,
    "reconcile": _reconcile,
    "reconcile-detail": _reconcile_detail,
}


def _visit_of(book: Book, asked: Envelope, node: str = "data") -> dict[str, Any]:
    return _found(book, str(asked["input"][node]["mdtrt_id"]), str(asked["fixmedins_code"]))


def _found(book: Book, number: str, institution: str) -> dict[str, Any]:
    visit = book.get("visit", number)
    if visit is None or visit["institution"] != institution:
        raise Refusal("查无此就诊登记")
    return visit


def _open(visit: dict[str, Any]) -> dict[str, Any]:
    if visit["cancelled"]:
        raise Refusal("就诊登记已撤销")
    if visit["settled"]:
        raise Refusal("已结算")
    return visit


def _lines(visit: Mapping[str, Any]) -> tuple[Any, ...]:
    items = (
        Item(
            int(one["feedetl_sn"]),
            str(one["list_type"]),
            str(one["med_list_codg"]),
            str(one["medins_list_name"]),
            Decimal(str(one["cnt"])),
            fen(str(one["det_item_fee_sumamt"])),
        )
        for one in visit["fees"]
    )
    return lines(items, insurance=visit["insutype"], day=date.fromisoformat(visit["begntime"][:10]))


def _reckoned(book: Book, asked: Envelope) -> tuple[dict[str, Any], Settlement]:
    data = asked["input"]["data"]
    visit = _open(_visit_of(book, asked))
    if not visit["fees"] or "category" not in visit:
        raise Refusal("没有费用明细或就诊信息")
    day = date.fromisoformat(visit["begntime"][:10])
    bill = Bill(
        lines=_lines(visit),
        institution=visit["institution"],
        level=LEVELS[visit["level"]],
        seat=SEATS[visit["seat"]],
        category=visit["category"],
        day=day,
        diagnoses=tuple(visit["diagnoses"]),
        internet=visit["internet"],
        use_account=str(data["acct_used_flag"]) == "1",
    )
    made = settle(bill, book.insured(visit["psn_no"]), book.used(visit["psn_no"], day.year), benefits.on(day))
    if made.total != fen(str(data["medfee_sumamt"])):
        raise Refusal("医疗费总额与上传明细不符")
    return visit, made


def _undo_settlement(book: Book, kept: dict[str, Any]) -> str:
    """Take a settlement out of the accumulators and the account."""
    number = f"{kept['setl_id']}R"
    used = book.used(kept["psn_no"], int(kept["day"][:4]))
    book.keep_used(kept["psn_no"], used.without(Used(**kept["added"] | {"year": used.year})))
    book.pay_from_account(kept["psn_no"], -kept["figures"]["acct_pay"], -kept["figures"]["acct_mulaid_pay"])
    book.keep("settlement", kept["setl_id"], kept | {"reversed": number})
    visit = book.get("visit", kept["mdtrt_id"])
    if visit is not None:
        book.keep("visit", visit["mdtrt_id"], visit | {"settled": ""})
    return number


def _details(made: Settlement) -> list[dict[str, Any]]:
    return [
        {"fund_pay_type": fund, "fund_pay_type_name": codes("fund")[fund].name, "fund_payamt": paid}
        for fund, paid in funds_and_account(made).items()
    ]


def _result(
    visit: Mapping[str, Any], found: Mapping[str, int], details: list[dict[str, Any]], number: str
) -> dict[str, Any]:
    about = {"setl_id": number, "mdtrt_id": visit["mdtrt_id"], "psn_no": visit["psn_no"]}
    return {
        "setlinfo": about | {name: yuan(value) for name, value in found.items()},
        "setldetail": [one | {"fund_payamt": yuan(one["fund_payamt"])} for one in details],
    }


def _of_term(book: Book, asked: Envelope) -> list[dict[str, Any]]:
    data = asked["input"]["data"]
    return [
        one
        for one in book.settlements()
        if one["institution"] == asked["fixmedins_code"]
        and not one["reversed"]
        and str(data["stmt_begndate"]) <= one["setl_time"] <= str(data["stmt_enddate"])
    ]
