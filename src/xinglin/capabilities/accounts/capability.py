"""Everything that accounts add."""

from functools import partial

from xinglin.capabilities.accounts import contract, jobs
from xinglin.capabilities.accounts.gateways import HttpMessages, HttpRegister
from xinglin.capabilities.accounts.operations.limits import Limits, limits
from xinglin.capabilities.accounts.pages import changing, demo, invitation, login, own, staff
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    bounds = limits(settings)
    register = HttpRegister(settings.register_url)
    messages = HttpMessages(settings.sms_url)
    return Capability(
        name="accounts",
        title=Text("账户", "Accounts"),
        needs=("practitioners", "privacy", "consents"),
        pages=(*_doorstep(bounds), *_own(bounds), *_administration(bounds)),
        jobs=(
            Job(contract.SEND_CODE, partial(jobs.send_code, bounds, messages), retries=4),
            Job(contract.ASK_REGISTER, partial(jobs.ask_register, register)),
            Job(contract.ASK_DEPENDANT, partial(jobs.ask_dependant, register)),
            Job(contract.DISABLE_DORMANT, partial(jobs.disable_dormant, bounds), every="02:40 Asia/Shanghai"),
            Job(contract.SWEEP, jobs.sweep, every="03:10 Asia/Shanghai"),
        ),
        templates="xinglin.capabilities.accounts:templates",
    )


def _doorstep(bounds: Limits) -> tuple[Page, ...]:
    at = contract.DOORSTEP
    return (
        Page(at, contract.LOGIN, show=partial(login.show_phone, bounds), send=partial(login.send_phone, bounds)),
        Page(at, "/login/code", send=partial(login.send_code, bounds)),
        Page(at, "/login/staff", show=partial(login.show_staff, bounds), send=partial(login.send_staff, bounds)),
        Page(at, "/login/second", send=partial(login.send_second, bounds)),
        Page(at, "/login/passkey", send=partial(login.send_passkey, bounds)),
        Page(at, "/login/renew", send=partial(login.send_renewal, bounds)),
        Page(at, "/logout", send=login.send_logout),
        Page(
            at,
            "/invitation/{ticket}",
            show=partial(invitation.show, bounds),
            send=partial(invitation.send_password, bounds),
        ),
        Page(at, "/invitation/{ticket}/app", send=partial(invitation.send_code, bounds)),
        Page(at, "/demo/role", send=partial(demo.send_role, bounds), demo_only=True),
    )


def _own(bounds: Limits) -> tuple[Page, ...]:
    at = contract.OWN
    return (
        Page(at, "/", show=own.show_start),
        Page(at, contract.ACCOUNT, show=own.show, menu=Text("我的账户", "My account"), icon="user", tab="me", order=90),
        Page(at, "/account/sessions", show=own.show_sessions, send=own.end_sessions),
        Page(at, "/account/security", show=partial(own.show_security, bounds)),
        Page(at, "/account/password", send=partial(own.send_password, bounds)),
        Page(at, "/account/recovery", send=partial(own.send_codes, bounds)),
        Page(at, "/account/passkey", send=partial(own.send_passkey, bounds)),
        Page(at, "/account/step-up", show=own.show_step_up, send=partial(own.send_step_up, bounds)),
        Page(at, "/account/roles", show=own.show_roles, send=partial(own.send_roles, bounds)),
        Page(
            at, "/account/phone", show=partial(changing.show_phone, bounds), send=partial(changing.send_phone, bounds)
        ),
        Page(
            at, "/account/close", show=partial(changing.show_close, bounds), send=partial(changing.send_close, bounds)
        ),
        Page(at, "/account/proofing", show=own.show_proofing, send=own.send_proofing),
        Page(
            at,
            "/account/dependants",
            show=partial(own.show_dependants, bounds),
            send=partial(own.send_dependants, bounds),
        ),
    )


def _administration(bounds: Limits) -> tuple[Page, ...]:
    at = contract.ADMINISTRATION
    menu = Text("账户管理", "Accounts")
    return (
        Page(at, "/accounts", show=staff.show_list, menu=menu, icon="users"),
        Page(contract.HIRING, "/accounts/new", show=staff.show_new, send=partial(staff.send_new, bounds)),
        Page(at, "/accounts/{id}", show=partial(staff.show_one, bounds), send=partial(staff.send_one, bounds)),
        Page(
            contract.DESK,
            "/desk/proofing",
            show=staff.show_desk,
            send=staff.send_desk,
            menu=Text("账户实名确认", "Confirm an account"),
            icon="circle-check",
        ),
        Page(
            contract.DESK,
            "/desk/phone",
            show=partial(changing.show_desk, bounds),
            send=partial(changing.send_desk, bounds),
            menu=Text("更换居民手机号", "Change a resident's phone"),
            icon="refresh",
        ),
    )
