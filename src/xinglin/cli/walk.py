"""A short walk through the care line, for who starts the demonstration for the first time."""

from datetime import date

from xinglin.cli.demonstration_accounts import STAFF, patient

# Who (role of the one-click accounts), what is done, where.
STEPS = (
    ("patient", "说说哪里不舒服（例如“头晕两天”），看导诊建议", "Say what is wrong, read the advice", "/my/triage"),
    (
        "patient",
        "预约挂号，或申请在线复诊并缴费",
        "Take a number, or ask for an online visit and pay",
        "/my/visits/new",
    ),
    (
        "physician",
        "接诊，核对资料，问诊，开处方，写病历并签名",
        "Accept, talk, prescribe, sign the note",
        "/clinic/visits",
    ),
    ("pharmacist", "审核处方", "Review the prescription", "/clinic/review"),
    ("patient", "选择药店，审方后付款", "Choose a pharmacy, pay when it has reviewed", "/my/prescriptions"),
    ("retail-pharmacist", "接单，审方，调配，凭取药码发药", "Claim, review, dispense, hand over", "/clinic/dispensing"),
    ("patient", "看账单：基金、账户、自己各付多少", "See who paid what", "/my/bills"),
    ("regulator", "追溯全程，看监管上报", "Trace every step", "/commission/trace"),
)


def walk(root: str, until: date) -> str:
    """Say who does what, in order, and where. root: address of the server; until: last day of the city."""
    names = {role: person.name for role, person in STAFF.items()} | {"patient": patient(until)[1]}
    lines = (
        f"  {number}  {names[role]:　<4} {zh}\n            {en}: {root}{page}"
        for number, (role, zh, en, page) in enumerate(STEPS, 1)
    )
    return "\n".join(("走一遍（登录页一键换人；A walk: change people by one click on the sign-in page）", *lines))
