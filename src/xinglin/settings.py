"""The settings of the platform: one frozen value, read from XINGLIN_* once at start and passed by argument."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

from xinglin import setting_forms as forms
from xinglin.fhir.sources import cites
from xinglin.security.hosts import is_domestic
from xinglin.security.patterns import ADDRESSES, MOST_NAME, MOST_NUMBER, MOST_PHONE, Address
from xinglin.setting_forms import Secret

PREFIX: Final = "XINGLIN_"


class SettingsError(Exception):
    """Settings that cannot be used: every fault, one a line, each beginning with the name of its variable."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def _setting(read: Callable[[str], Any], *, default: Any, says: str) -> Any:
    """Declare one setting: how its text is read, its default value, and what it says in docs/settings.md."""
    return field(default=default, metadata={"read": read, "says": says})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator may decide. `Settings()` is a developer's laptop."""

    database_url: Secret | None = _setting(
        forms.database,
        default=None,
        says="PostgreSQL ≥ 15 to use, as `postgresql://…`. Not set: the embedded server under `DATA_DIR`.",
    )
    data_dir: Path = _setting(
        forms.path, default=Path(".xinglin"), says="Directory of the embedded server and of files."
    )
    key_file: Path | None = _setting(
        forms.path,
        default=None,
        says="File of the master key, mode 0600. Not set: `master.key` in `DATA_DIR`. Keep a copy apart from backups.",
    )
    cipher: Literal["sm4", "aes", "off"] = _setting(
        forms.one_of("sm4", "aes", "off"),
        default="sm4",
        says="How records are sealed: SM4-GCM, AES-256-GCM, or `off`: not at all, for measuring only.",
    )
    host: str = _setting(forms.text, default="127.0.0.1", says="Address to listen on.")
    port: int = _setting(
        forms.whole(1, 65535), default=8080, says="Port to listen on. `xinglin demo` takes the next free one."
    )
    base_url: str | None = _setting(
        forms.web_address, default=None, says="Public base of FHIR links. Not set: derived from the request's Host."
    )
    workers: int = _setting(forms.whole(0, 256), default=0, says="Server processes. 0: one for each core.")
    db_connections: int = _setting(forms.whole(2, 200), default=8, says="Database connections of each server process.")
    max_body_bytes: int = _setting(
        forms.whole(1024, 2**31 - 1), default=16 * 2**20, says="Largest request body, after decompression, in bytes."
    )
    max_bundle_entries: int = _setting(
        forms.whole(1, 1_000_000), default=10_000, says="Most entries of one batch or transaction."
    )
    max_parameters: int = _setting(forms.whole(1, 100_000), default=200, says="Most parameters of one search.")
    max_url_bytes: int = _setting(
        forms.whole(256, 65_536), default=16_384, says="Longest address with its query, in bytes."
    )
    page_size: int = _setting(forms.whole(1, 10_000), default=20, says="Matches on a page when `_count` is not given.")
    page_max: int = _setting(
        forms.whole(1, 10_000), default=1_000, says="Most matches on a page; a larger `_count` is cut to it."
    )
    sql_timeout_ms: int = _setting(
        forms.whole(10, 3_600_000), default=5_000, says="Time limit of one SQL statement, in milliseconds."
    )
    row_cache_mib: int = _setting(
        forms.whole(0, 65_536),
        default=64,
        says="Memory of each server process for resources read lately, in MiB. 0: none.",
    )
    drain_seconds: int = _setting(
        forms.whole(0, 3_600), default=10, says="Time that running requests get to finish after SIGTERM, in seconds."
    )
    noop_updates: Literal["skip", "keep"] = _setting(
        forms.one_of("skip", "keep"),
        default="skip",
        says="`skip`: an update without a change makes no version. `keep`: it makes one.",
    )
    dev_principal: bool = _setting(
        forms.switch,
        default=True,
        says="`on`: who comes from loopback may do everything. Refused when `HOST` is not a loopback address.",
    )
    staff_register_url: str | None = _setting(
        forms.web_address,
        default=None,
        says="Gateway of the registers of physicians, nurses and pharmacists. Not set: nobody can be verified.",
    )
    staff_register_token: Secret | None = _setting(
        forms.secret, default=None, says="Bearer token for the gateway of the staff registers."
    )
    insurer_url: str | None = _setting(
        forms.web_address,
        default=None,
        says="The insurance platform that settles bills. Not set: patients pay everything themselves.",
    )
    courier_url: str | None = _setting(
        forms.web_address,
        default=None,
        says="The courier that brings medicine. Not set: the pharmacies' own people do, and record it at the desk.",
    )
    insurer_area: str = _setting(forms.text, default="410800", says="Area of the insurer in its messages (six digits).")
    supervision_url: str | None = _setting(
        forms.web_address,
        default=None,
        says="Supervision port of the province. Not set: online care waits to be told to it.",
    )
    supervision_minutes: int = _setting(
        forms.whole(1, 1440), default=5, says="Minutes within which visits asked for and prescriptions are told to it."
    )
    callback_url: str | None = _setting(
        forms.web_address,
        default=None,
        says="Public address of this platform, below which channels of payment call back (`/callbacks/…`).",
    )
    wechat_pay_url: str = _setting(
        forms.web_address, default="https://api.mch.weixin.qq.com", says="Interface of WeChat Pay (API v3)."
    )
    wechat_pay_app_id: str = _setting(forms.text, default="", says="App id that payments by WeChat are made for.")
    wechat_pay_merchant: str = _setting(forms.text, default="", says="Merchant number at WeChat Pay.")
    wechat_pay_keys: Path | None = _setting(
        forms.path,
        default=None,
        says="Folder with `merchant.pem` (our private key), `serial` (of its certificate), `platform.pem` (public key "
        "of WeChat Pay) and `api-v3.key`. Not set: nobody pays by WeChat.",
    )
    alipay_url: str = _setting(
        forms.web_address, default="https://openapi.alipay.com", says="Interface of Alipay's open platform."
    )
    alipay_app_id: str = _setting(forms.text, default="", says="App id at Alipay.")
    alipay_keys: Path | None = _setting(
        forms.path,
        default=None,
        says="Folder with `merchant.pem` (our private key) and `platform.pem` (Alipay's public key). "
        "Not set: nobody pays by Alipay.",
    )
    register_grace_hours: int = _setting(
        forms.whole(0, 168),
        default=24,
        says="Hours for which a good verification carries a session while the staff register is silent.",
    )
    presence_minutes: int = _setting(
        forms.whole(1, 60), default=10, says="Minutes for which a proof of presence opens an online reception."
    )
    visit_promise_minutes: int = _setting(
        forms.whole(5, 2880),
        default=60,
        says="Minutes within which a doctor begins an online visit, or its fee goes back.",
    )
    visit_follow_up_hours: int = _setting(
        forms.whole(0, 168),
        default=24,
        says="Hours after an online visit in which the patient may ask further questions.",
    )
    visit_questions: int = _setting(
        forms.whole(0, 20), default=3, says="Questions that the patient may ask after an online visit."
    )
    ice_servers: str = _setting(
        forms.ice,
        default="",
        says="STUN and TURN servers of online visits, such as `stun:stun.example.cn:3478 turn:turn.example.cn:3478`, "
        "between spaces. Not set: browsers reach each other on one network alone.",
    )
    turn_secret: Secret | None = _setting(
        forms.secret, default=None, says="Secret shared with the TURN server, for credentials that end by themselves."
    )
    scanner_address: str | None = _setting(
        forms.host_and_port,
        default=None,
        says="Virus scanner (clamd) as `host:port`. Not set: uploads are not scanned.",
    )
    scanner_silent: Literal["refuse", "allow"] = _setting(
        forms.one_of("refuse", "allow"),
        default="refuse",
        says="What happens to an upload while the scanner that is set does not answer.",
    )
    domestic_hosts: tuple[str, ...] = _setting(
        cites("R7-020")(forms.hosts),
        default=(),
        says="Hosts in China, with all below them, besides our own network and `.cn`: other gateways are refused.",
    )
    level_3_certificate: str = _setting(
        forms.text, default="", says="Number of the filed grading or the last report of the level-3 system."
    )
    level_3_assessed: str = _setting(
        forms.day, default="", says="Day of its last assessment, `2026-03-01`: the next one is told 60 days before."
    )
    cryptography_report: str = _setting(
        forms.text, default="", says="Number of the last report on the use of cryptography."
    )
    cryptography_assessed: str = _setting(
        forms.day, default="", says="Day of its last assessment; the next one is told 60 days before."
    )
    processor: str = _setting(
        forms.text, default="", says="Name of who answers for the processing of personal data, as the notice tells it."
    )
    processor_contact: str = _setting(forms.text, default="", says="How to reach them: address, phone, mail.")
    critical_infrastructure: bool = _setting(
        forms.switch, default=False, says="`on`: incidents are reported within 1 hour instead of 4 (R7-019)."
    )
    rights_working_days: int = _setting(
        forms.whole(1, 15), default=15, says="Working days within which a request of a right is answered (R7-008)."
    )
    mask_name: tuple[int, int] = _setting(
        forms.left(MOST_NAME),
        default=MOST_NAME,
        says="Characters of a masked name that stay at its beginning and end; `1,1` at most.",
    )
    mask_number: tuple[int, int] = _setting(
        forms.left(MOST_NUMBER),
        default=MOST_NUMBER,
        says="Characters of a masked identity number that stay at its beginning and end; `6,4` at most.",
    )
    mask_phone: tuple[int, int] = _setting(
        forms.left(MOST_PHONE),
        default=MOST_PHONE,
        says="Digits of a masked telephone number that stay at its beginning and end; `3,4` at most.",
    )
    mask_address: Address = _setting(
        forms.one_of(*ADDRESSES),
        default="district",
        says="How much of a masked address stays: `district`, `city` or `none`.",
    )
    requests_per_account: int = _setting(
        forms.whole(0, 1_000_000),
        default=6_000,
        says="Requests of one account in a minute, of all workers of a server. 0: no limit.",
    )
    requests_per_address: int = _setting(
        forms.whole(0, 1_000_000),
        default=12_000,
        says="Requests from one address in a minute, of all workers of a server. 0: no limit.",
    )
    logins_per_address: int = _setting(
        forms.whole(0, 10_000),
        default=60,
        says="Attempts to sign in from one address in a minute, of all workers of a server. 0: no limit.",
    )
    retention: str = _setting(
        forms.retention,
        default="",
        says="Years for which records of a kind are kept, if longer than usual: `conversation=5,complaint=7`.",
    )
    design_page: bool = _setting(
        forms.switch, default=False, says="`on`: `/design` shows every component of the page kit."
    )
    language: Literal["zh", "en"] = _setting(
        forms.one_of("zh", "en"),
        default="zh",
        says="Language of pages when the browser names neither Chinese nor English.",
    )
    audit_days: int = _setting(
        cites("R7-015", "A9-06", "A11-16")(forms.whole(184, 36_525)),
        default=5_479,
        says="Days for which audit entries are kept, in whole months; 15 years as the records they speak of. "
        "The law asks six months at least.",
    )
    audit_interval_ms: int = _setting(
        forms.whole(50, 3_600_000), default=1_000, says="Milliseconds between two runs that put audit entries in order."
    )
    audit_head_seconds: int = _setting(
        forms.whole(1, 86_400), default=60, says="Seconds between two signed heads of the audit tree, while it grows."
    )
    access_token_seconds: int = _setting(
        forms.whole(60, 3_600), default=1_800, says="Seconds for which an app's access token opens the record."
    )
    offline_days: int = _setting(
        forms.whole(1, 365), default=90, says="Days for which an app that was let in offline may come back by itself."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        forms.one_of("debug", "info", "warning", "error"), default="info", says="Least severity that is logged."
    )
    log_format: Literal["json", "console"] = _setting(
        forms.one_of("json", "console"),
        default="json",
        says="`json`: one object a line. `console`: for a reader at a terminal.",
    )

    demo: bool = _setting(
        forms.switch,
        default=False,
        says="`on`: accounts of a demonstration may be entered by one click. Refused unless `HOST` is loopback.",
    )
    demo_residents: int = _setting(
        forms.whole(1, 100_000),
        default=2_000,
        says="People of the synthetic city that `xinglin demo` loads at its first start.",
    )
    proxies: int = _setting(
        forms.whole(0, 9),
        default=0,
        says="Trusted proxies before us: how far from its end `X-Forwarded-For` names the visitor.",
    )
    session_idle_minutes: int = _setting(
        cites("A11-15")(forms.whole(1, 30)),
        default=20,
        says="Minutes without a request after which one has to sign in again.",
    )
    session_hours: int = _setting(
        forms.whole(1, 24), default=12, says="Hours after which one has to sign in again anyway."
    )
    session_most: int = _setting(
        forms.whole(1, 50),
        default=5,
        says="Most sessions of one account at a time; one more ends the one used longest ago.",
    )
    step_up_minutes: int = _setting(
        forms.whole(1, 60), default=5, says="Minutes for which a second factor counts as fresh, for signing."
    )
    lock_failures: int = _setting(forms.whole(3, 10), default=5, says="Wrong answers in a row that lock an account.")
    lock_minutes: int = _setting(forms.whole(1, 1440), default=30, says="Minutes for which it is locked.")
    password_length: int = _setting(forms.whole(8, 64), default=10, says="Least characters of a password.")
    password_classes: int = _setting(
        forms.whole(2, 4), default=3, says="Least kinds of characters in it: lower, upper, digits, signs."
    )
    password_history: int = _setting(forms.whole(1, 24), default=5, says="Last passwords that may not be taken again.")
    password_days: int = _setting(forms.whole(30, 365), default=90, says="Days after which a password is changed.")
    code_minutes: int = _setting(forms.whole(1, 30), default=5, says="Minutes for which a code by text message counts.")
    code_hourly: int = _setting(forms.whole(1, 60), default=5, says="Most text messages to one phone in an hour.")
    invitation_hours: int = _setting(forms.whole(1, 336), default=72, says="Hours for which an invitation counts.")
    dormant_days: int = _setting(
        forms.whole(30, 365), default=90, says="Days after which a staff account that nobody used is disabled."
    )
    dependants_most: int = _setting(forms.whole(0, 20), default=5, says="Most dependants of a resident's account.")
    edition_mib: int = _setting(
        forms.whole(1, 1_024), default=64, says="Largest file of a code system's edition that the page takes, in MiB."
    )
    card_minutes: int = _setting(
        cites("R6-040")(forms.whole(1, 30)),
        default=3,
        says="Minutes for which a dynamic code of a health card is valid.",
    )
    card_uses: Literal["once", "validity"] = _setting(
        forms.one_of("once", "validity"),
        default="once",
        says="`once`: a code of a health card serves once. `validity`: as often as it is shown while it is valid.",
    )
    handover_days: int = _setting(
        cites("HR-07")(forms.whole(1, 365)),
        default=30,
        says="Days for which whoever asked for a health record may read it after it was handed over.",
    )
    readiness_suspends: bool = _setting(
        cites("R1-020")(forms.switch),
        default=True,
        says="`on`: an internet hospital that loses a mandatory item of its checklist is suspended at night.",
    )
    matching_weights: Path | None = _setting(
        forms.path,
        default=None,
        says="File of the weights by which residents are matched (`xinglin residents train`). Not set: as published.",
    )
    sms_url: str | None = _setting(
        forms.web_address, default=None, says="Gateway of text messages. Not set: residents cannot sign in by phone."
    )
    wechat_url: str = _setting(
        forms.web_address, default="https://api.weixin.qq.com", says="Interface of WeChat's official accounts."
    )
    wechat_app_id: str = _setting(
        forms.text, default="", says="App id of the official account. Not set: nobody is told by WeChat."
    )
    wechat_secret: Secret | None = _setting(forms.secret, default=None, says="App secret of the official account.")
    wechat_token: Secret | None = _setting(
        forms.secret, default=None, says="Token by which WeChat signs what it pushes to `/callbacks/wechat`."
    )
    wechat_template: str = _setting(
        forms.text, default="", says="Id of the template with the fields `first` and `remark` that messages take."
    )
    wechat_name: str = _setting(
        forms.text, default="", says="Name of the official account, as residents look for it. Not set: the site's."
    )
    voice_url: str | None = _setting(forms.web_address, default=None, says="Gateway of voice calls. Not set: no calls.")
    mail_server: str | None = _setting(
        forms.host_and_port, default=None, says="SMTP server as `host:port`. Not set: no mail."
    )
    mail_from: str = _setting(
        forms.text, default="xinglin@localhost", says="Address that mail comes from, and that bounces go to."
    )
    mail_encryption: Literal["starttls", "none"] = _setting(
        forms.one_of("starttls", "none"), default="starttls", says="Encryption of the way to the SMTP server."
    )
    mail_login: str = _setting(forms.text, default="", says="Login name at the SMTP server.")
    mail_password: Secret | None = _setting(
        forms.secret, default=None, says="Password at the SMTP server. Not set: no login."
    )
    callback_secret: Secret | None = _setting(
        forms.secret,
        default=None,
        says="Secret by which gateways of text messages, calls and mail sign receipts to `/callbacks/…`.",
    )
    register_url: str | None = _setting(
        forms.web_address, default=None, says="Gateway of the population register, for real-name proofing."
    )

    level_record: Literal["L1", "L2", "L3"] = _setting(
        forms.one_of("L1", "L2", "L3"),
        default="L2",
        says="Proofing that a resident needs to see the own record (R6-043).",
    )
    level_appointment: Literal["L1", "L2", "L3"] = _setting(
        forms.one_of("L1", "L2", "L3"), default="L1", says="Proofing that a resident needs for appointments (R6-043)."
    )
    encounter_grace_hours: int = _setting(
        forms.whole(0, 8760),
        default=72,
        says="Hours for which a finished encounter still lets its clinicians see the record.",
    )
    zone: str = _setting(forms.zone, default="Asia/Shanghai", says="Time zone of days: appointments, working days.")
    break_glass_minutes: int = _setting(
        forms.whole(5, 240), default=30, says="Minutes for which an emergency access opens a record (R7-032)."
    )
    break_glass_review_days: int = _setting(
        forms.whole(1, 30), default=3, says="Working days within which it is reviewed (R7-032)."
    )
    holidays: str = _setting(forms.days, default="", says="Days off besides weekends: ISO dates with commas between.")
    workdays: str = _setting(
        forms.days, default="", says="Days of weekends that are worked: ISO dates with commas between."
    )

    alert_patients: int = _setting(
        cites("R7-042")(forms.whole(1, 100_000)),
        default=100,
        says="Patients that one user looks at in an hour before the security officer is told (R7-042).",
    )
    alert_rows: int = _setting(
        forms.whole(1, 10_000_000), default=1_000, says="Rows that one user takes out in an hour before it is told."
    )
    alert_by_name: int = _setting(
        forms.whole(1, 100_000),
        default=10,
        says="Searches for patients by name by one user in an hour before it is told.",
    )
    alert_refused: int = _setting(
        forms.whole(1, 100_000), default=20, says="Refusals of one user in an hour before it is told."
    )
    alert_at_night: int = _setting(
        forms.whole(0, 100_000), default=0, says="Acts on records at night by those who work by day before it is told."
    )
    night: str = _setting(forms.night, default="22:00-06:00", says="When it is night: from and until, local time.")
    message_quiet: str = _setting(
        forms.night,
        default="22:00-08:00",
        says="When no text message goes out but urgent ones: from and until, local time.",
    )
    message_daily: int = _setting(
        forms.whole(1, 100),
        default=5,
        says="Most text messages to one person in a day; further ones stand on the page only.",
    )

    @property
    def master_key(self) -> Path:
        """Where the file of the master key is."""
        return self.key_file or self.data_dir / "master.key"

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the server."""
        return is_loopback(self.host)


def variables() -> tuple[tuple[str, str, str], ...]:
    """List every setting as (variable, default as text, what it says), in the order of the documentation."""
    return tuple((PREFIX + f.name.upper(), _shown(f.default), f.metadata["says"]) for f in fields(Settings))


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings from *environment*; an empty value counts as not set.

    Raises SettingsError with all faults: values that cannot be read, XINGLIN_* names that are no setting, and values
    that do not go together.
    """
    faults: list[str] = []
    values: dict[str, Any] = {}
    declared = {PREFIX + f.name.upper(): f for f in fields(Settings)}
    for name in sorted(environment):
        given = environment[name]
        if not name.startswith(PREFIX) or not given:
            continue
        if name not in declared:
            faults.append(f"{name}: no such setting")
            continue
        try:
            values[declared[name].name] = declared[name].metadata["read"](given)
        except ValueError as fault:
            faults.append(f"{name}: {fault}")
    faults += _clashes(values)
    if faults:
        raise SettingsError(tuple(faults))
    return Settings(**values)


def environment(settings: Settings) -> dict[str, str]:
    """Write *settings* as the variables that `read` takes, secrets too: for a process that we start ourselves."""
    named = {PREFIX + f.name.upper(): getattr(settings, f.name) for f in fields(Settings)}
    return {name: _shown(value) for name, value in named.items() if value is not None}


def is_loopback(host: str) -> bool:
    """Tell whether *host* (a name or an address, IPv6 with or without brackets) is this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _clashes(values: Mapping[str, Any]) -> list[str]:
    """Name the values that do not go together; a value that is missing or faulty counts with its default."""

    def value(name: str) -> Any:
        return values.get(name, _DEFAULTS[name])

    faults = []
    if value("dev_principal") and not is_loopback(cast("str", value("host"))):
        faults.append(
            f"{PREFIX}DEV_PRINCIPAL: refused on {value('host')}, which others can reach; "
            f"set it to off or {PREFIX}HOST to 127.0.0.1"
        )
    if value("demo") and not is_loopback(cast("str", value("host"))):
        faults.append(f"{PREFIX}DEMO: refused on {value('host')}, which others can reach; its accounts have no secrets")
    if value("page_size") > value("page_max"):
        faults.append(f"{PREFIX}PAGE_SIZE: must not be above {PREFIX}PAGE_MAX")
    for name, host in _reached(value):
        if not is_domestic(host, value("domestic_hosts")):
            faults.append(
                f"{PREFIX}{name.upper()}: nothing is sent to {host}, which is not known to stand in China; "
                f"if it does, name it in {PREFIX}DOMESTIC_HOSTS"
            )
    return faults


def _reached(value: Callable[[str], Any]) -> Iterator[tuple[str, str]]:
    """Give the hosts to which the platform sends data, by setting; at base_url and callback_url others reach us."""
    for one in fields(Settings):
        given = value(one.name) if one.name in _DEFAULTS else None
        if given == one.default:  # such as WeChat's
            continue
        if one.metadata["read"] is forms.web_address and one.name not in {"base_url", "callback_url"} and given:
            yield one.name, urlsplit(given).hostname or ""
        elif one.name in {"mail_server", "scanner_address"} and given:
            yield one.name, str(given).rpartition(":")[0]
        elif one.name == "database_url" and given:
            yield one.name, urlsplit(given.reveal()).hostname or ""


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.reveal() if isinstance(value, Secret) else str(value)


_DEFAULTS: Final = {f.name: f.default for f in fields(Settings) if f.default is not MISSING}
