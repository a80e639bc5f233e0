"""The national insurance platform's interface as data: numbers of transactions, codes, the shape of a result (4.6).

What a province does otherwise is changed in data/insurer_interface.csv and data/insurer_codes.csv.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from xinglin.care.benefits import Level, Seat
from xinglin.care.settlement import ACCOUNT, EMPLOYEES, POOLED, Settlement
from xinglin.fhir.sources import cites

FOLDER: Final = Path(__file__).parent / "data"
Table = Literal["fund", "insurance", "status", "category"]
INSTITUTION: Final = re.compile(r"[HP]\d{11}", re.ASCII)
PERSON: Final = re.compile(r"[DN]\d{12}", re.ASCII)

# How high an institution is (hosp_lv), and where it stands, as messages say it.
LEVELS: Final[Mapping[str, Level]] = {"01": "third", "02": "second", "03": "primary"}
SEATS: Final[Mapping[str, Seat]] = {
    "1": "province",
    "2": "city",
    "3": "county",
    "4": "township",
    "9": "outside",
}

# Which figure of a result each fund is (R4-022); all others are `oth_pay`.
_FIGURES: Final[Mapping[str, str]] = {
    POOLED: "hifp_pay",
    "390100": "hifp_pay",
    "320100": "cvlserv_pay",
    "370100": "hifes_pay",
    "390200": "hifmi_pay",
    "330100": "hifob_pay",
    "610100": "maf_pay",
}
FUND_FIGURES: Final = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")


@dataclass(frozen=True, slots=True)
class Named:
    """A code with its words."""

    code: str
    name: str
    en: str


@cache
def numbers() -> Mapping[str, Named]:
    """Give the number of each transaction, by what it does."""
    with (FOLDER / "insurer_interface.csv").open(encoding="utf-8", newline="") as file:
        return {row["act"]: Named(row["number"], row["title"], row["en"]) for row in csv.DictReader(file)}


@cites("R4-003", "R4-004", "R4-005", "R4-006")
@cache
def codes(table: Table) -> Mapping[str, Named]:
    """Give a table of codes: funds, insurance types, person types, medical categories."""
    with (FOLDER / "insurer_codes.csv").open(encoding="utf-8", newline="") as file:
        rows = (row for row in csv.DictReader(file) if row["table"] == table)
        return {row["code"]: Named(row["code"], row["name"], row["en"]) for row in rows}


@cites("R4-054")
def institution_fault(code: str) -> str:
    """Say what is wrong with the insurance code of an institution: H or P, six digits of its area, five more."""
    return "" if INSTITUTION.fullmatch(code) else "an insurance code is H or P with 11 digits"


@cites("R4-003", "R4-022")
def figures(made: Settlement) -> dict[str, int]:
    """Give the figures of a result by their national names, in fen."""
    funds = dict.fromkeys(FUND_FIGURES, 0)
    for fund, fen in made.funds.items():
        funds[_FIGURES.get(fund, "oth_pay")] += fen
    return {
        "medfee_sumamt": made.total,
        "fulamt_ownpay_amt": made.full_self,
        "overlmt_selfpay": made.over_limit,
        "preselfpay_amt": made.pre_self,
        "inscp_scp_amt": made.in_scope,
        "act_pay_dedc": made.deductible,
        **funds,
        "fund_pay_sumamt": made.paid_by_funds,
        "hosp_part_amt": 0,
        "psn_part_amt": made.person,
        "acct_pay": made.account,
        "acct_mulaid_pay": made.family,
        "psn_cash_pay": made.cash,
    }


@cites("R4-022")
def unsound(given: Mapping[str, int]) -> tuple[str, ...]:
    """Name the identities of a result that do not hold; a result that lacks a figure breaks them all."""
    missing = sorted(set(_IDENTITIES) - given.keys())
    if missing:
        return tuple(missing)
    funds = sum(given[name] for name in FUND_FIGURES)
    portions = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    person = given["medfee_sumamt"] - given["fund_pay_sumamt"] - given["hosp_part_amt"]
    holds = {
        "medfee_sumamt": given["medfee_sumamt"] == sum(given[name] for name in portions),
        "fund_pay_sumamt": given["fund_pay_sumamt"] == funds,
        "psn_part_amt": given["psn_part_amt"] == person,
        "psn_cash_pay": given["psn_part_amt"] == given["acct_pay"] + given["acct_mulaid_pay"] + given["psn_cash_pay"],
    }
    return tuple(name for name, held in holds.items() if not held)


_IDENTITIES: Final = (
    *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc"),
    *(*FUND_FIGURES, "fund_pay_sumamt", "hosp_part_amt"),
    *("psn_part_amt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay"),
)


def funds_and_account(made: Settlement) -> dict[str, int]:
    """Give what each fund and the personal account pay, by ``fund_pay_type``, in fen."""
    return dict(made.funds) | ({ACCOUNT: made.account} if made.account else {})


def insurance_of(kind: str) -> str:
    """Give the insurance type of a cover of ours: ``employee`` or ``resident``."""
    return EMPLOYEES if kind == "employee" else "390"
