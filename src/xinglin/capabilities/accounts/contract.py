"""Addresses, portals and jobs of accounts that others may rely on."""

from typing import Final

from xinglin.fhir.declarations import Text, canonical
from xinglin.registry import INSTITUTION, Portal
from xinglin.security.accounts import EVERYBODY, SIGNED_IN

LOGIN: Final = "/login"
ACCOUNT: Final = "/account"

# Open to whoever comes, signed in or not.
DOORSTEP: Final = Portal("doorstep", "/", EVERYBODY, Text("登录", "Sign in"))
OWN: Final = Portal("own", "/", SIGNED_IN, Text("我的账户", "My account"))
ADMINISTRATION: Final = Portal(
    "administration", "/accounts", frozenset({"system-admin", "security-admin"}), Text("账户管理", "Accounts")
)
HIRING: Final = Portal("hiring", "/accounts", frozenset({"system-admin"}), Text("新建账户", "New accounts"))
DESK: Final = Portal("desk", "/desk", frozenset({"receptionist"}), Text("服务台", "Desk"), part_of=INSTITUTION)

# On a Patient: to which level, by which method and when the person was proved (R6-043; types of T1).
PROOFING: Final = canonical("proofing")

SEND_CODE: Final = "accounts.send-code"
ASK_REGISTER: Final = "accounts.ask-register"
ASK_DEPENDANT: Final = "accounts.ask-dependant"
DISABLE_DORMANT: Final = "accounts.disable-dormant"
SWEEP: Final = "accounts.sweep"
