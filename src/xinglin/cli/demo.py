"""`xinglin demo`: the whole platform on this machine, for whoever wants to look at it."""

from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings

READY_SECONDS: Final = 60
SIMULATORS_PORT: Final = 8090
MAIL_ABOVE: Final = 1000  # apart from the ports that simulators of other demonstrations take


def demo() -> None:
    """Start everything on this machine with demonstration records; Ctrl-C ends all of it and keeps the data."""
    import os
    from dataclasses import replace

    from xinglin.cli.database import database, migrated
    from xinglin.cli.ports import free_port
    from xinglin.cli.processes import Stop
    from xinglin.settings import is_loopback, read

    defaults = {"XINGLIN_DESIGN_PAGE": "on", "XINGLIN_LOG_LEVEL": "warning", "XINGLIN_LOG_FORMAT": "console"}
    if is_loopback(os.environ.get("XINGLIN_HOST") or "127.0.0.1"):
        defaults["XINGLIN_DEMO"] = "on"
    wanted = read(defaults | os.environ)
    try:
        with database(wanted) as settings:
            migrated(settings)
            _load(settings)
            _codes(settings)
            port = free_port(settings.host, settings.port)
            if port != settings.port:
                typer.echo(f"Port {settings.port} is taken; using {port}.")
            if settings.demo:
                _people(settings)
            _sessions(settings)
            _run(replace(settings, port=port))
    except Stop:
        typer.echo("\nStopped. The data stays in " + str(wanted.data_dir.absolute()))


def _run(settings: "Settings") -> None:
    """Serve, work and simulate until one of them ends, which is a failure, or Stop is raised."""
    import os

    from xinglin.cli.ports import answers, free_port
    from xinglin.cli.processes import command, first_to_end
    from xinglin.settings import environment

    # Nothing but what we read ourselves: an empty variable would count as not set.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    variables |= environment(settings)
    port = free_port("127.0.0.1", SIMULATORS_PORT)
    if settings.demo:
        variables = variables | simulated(settings, port) | telling(settings, port)
    patience = settings.drain_seconds + 5.0
    with ExitStack() as started, command("serve", environment=variables, patience=patience) as server:
        if answers(_address(settings, "/health/ready"), seconds=READY_SECONDS, alive=lambda: server.poll() is None):
            typer.echo(_what_to_open(settings, port))
        elif server.poll() is None:
            typer.echo(f"The server is not ready after {READY_SECONDS} s.", err=True)
            raise typer.Exit(1)
        # Only now, so that the first page does not wait for what starts jobs.
        running = {"serve": server}
        beside = {"work": ("work",)} | ({"simulate": ("simulate", "--port", str(port))} if settings.demo else {})
        for name, arguments in beside.items():
            running[name] = started.enter_context(command(*arguments, environment=variables, patience=patience))
        name, code = first_to_end(running)
    typer.echo(f"xinglin {name} ended with {code}; see above.", err=True)
    raise typer.Exit(1)


def simulated(settings: "Settings", port: int) -> dict[str, str]:
    """Name the simulated systems, where the settings name no others."""
    wanted = {"SMS_URL": "sms", "REGISTER_URL": "register", "STAFF_REGISTER_URL": "practitioners"}
    wanted |= {"INSURER_URL": "insurer", "SUPERVISION_URL": "supervision", "COURIER_URL": "courier"}
    given = {"SMS_URL": settings.sms_url, "REGISTER_URL": settings.register_url}
    given |= {"STAFF_REGISTER_URL": settings.staff_register_url, "INSURER_URL": settings.insurer_url}
    given |= {"SUPERVISION_URL": settings.supervision_url, "COURIER_URL": settings.courier_url}
    return {
        f"XINGLIN_{name}": f"http://127.0.0.1:{port}/{system}" for name, system in wanted.items() if not given[name]
    }


def telling(settings: "Settings", port: int) -> dict[str, str]:
    """Name the simulated gateways of messages, where the settings name none, and how they tell of receipts."""
    import secrets

    from xinglin.cli.ports import free_port

    mail = free_port("127.0.0.1", port + MAIL_ABOVE)
    secret = settings.callback_secret.reveal() if settings.callback_secret else secrets.token_urlsafe(24)
    found = {
        "XINGLIN_CALLBACK_SECRET": secret,
        "SIMULATED_SECRET": secret,
        "SIMULATED_CALLBACKS": _address(settings, "/callbacks"),
        "SIMULATED_SMTP": str(mail),
        "SIMULATED_INSURER": str(settings.data_dir.absolute() / "insurer.sqlite"),
        **_paying(settings, port),
    }
    if settings.voice_url is None:
        found["XINGLIN_VOICE_URL"] = f"http://127.0.0.1:{port}/voice"
    if settings.mail_server is None:
        found |= {"XINGLIN_MAIL_SERVER": f"127.0.0.1:{mail}", "XINGLIN_MAIL_ENCRYPTION": "none"}
    if not settings.wechat_app_id:
        found |= {
            "XINGLIN_WECHAT_URL": f"http://127.0.0.1:{port}/wechat",
            "XINGLIN_WECHAT_APP_ID": "wx-simulated",
            "XINGLIN_WECHAT_SECRET": secret,
            "XINGLIN_WECHAT_TOKEN": secret,
            "XINGLIN_WECHAT_TEMPLATE": "simulated",
        }
    return found


def _paying(settings: "Settings", port: int) -> dict[str, str]:
    """Name the simulated channels of payment, where the settings name none, and make the keys of both sides."""
    if settings.wechat_pay_keys or settings.alipay_keys:
        return {}
    from xinglin.simulators.payments import FILE, KEYS, make_keys

    keys = settings.data_dir.absolute() / "payment-keys"
    for channel in ("wechat-pay", "alipay"):
        make_keys(keys / channel)
    return {
        KEYS: str(keys),
        FILE: str(settings.data_dir.absolute() / "payments.sqlite"),
        "XINGLIN_CALLBACK_URL": settings.callback_url or _address(settings, ""),
        "XINGLIN_WECHAT_PAY_URL": f"http://127.0.0.1:{port}/wechat_pay",
        "XINGLIN_WECHAT_PAY_APP_ID": "wx-simulated",
        "XINGLIN_WECHAT_PAY_MERCHANT": "1900000001",
        "XINGLIN_WECHAT_PAY_KEYS": str(keys / "wechat-pay"),
        "XINGLIN_ALIPAY_URL": f"http://127.0.0.1:{port}/alipay",
        "XINGLIN_ALIPAY_APP_ID": "2021000000000001",
        "XINGLIN_ALIPAY_KEYS": str(keys / "alipay"),
    }


def _people(settings: "Settings") -> None:
    """Make the accounts of the demonstration, bound to people of the city, once."""
    import asyncio

    from xinglin.cli.city import today
    from xinglin.cli.demonstration_accounts import seed

    loaded, done = _mark(settings), _mark(settings).with_suffix(".accounts")
    if done.exists():
        return
    # A store that had records of its own before has no city: the day only says how old the people are.
    day = loaded.read_text() if loaded.exists() else ""
    asyncio.run(seed(settings, date.fromisoformat(day) if day else today(), seek=bool(day)))
    done.touch()


def _sessions(settings: "Settings") -> None:
    """Have the clinic sessions of the coming days made, at the first start of a day: the worker does it at night."""
    import asyncio

    from xinglin.cli.city import today
    from xinglin.cli.sessions import plan

    loaded, planned = _mark(settings), _mark(settings).with_suffix(".sessions")
    day = today().isoformat()
    # A store that had records of its own before has no city.
    if not loaded.read_text() or (planned.exists() and planned.read_text() == day):
        return
    asyncio.run(plan(settings))
    planned.write_text(day)


def _codes(settings: "Settings") -> None:
    """Fill in the tables of codes when they have changed; to look into the store takes seconds."""
    import hashlib

    from xinglin.cli.database import filled

    package = Path(__file__).resolve().parents[1]
    files = [*(package / "tables" / "data").glob("*.csv"), *(package / "capabilities").glob("*/contract.py")]
    made = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
    mark = _mark(settings).with_suffix(".codes")
    if not mark.exists() or mark.read_text() != made:
        filled(settings)
        mark.write_text(made)


def _mark(settings: "Settings") -> Path:
    """Name the file that says that a database holds the records; looking into the store takes seconds."""
    import hashlib

    from xinglin.cli.database import address

    name = hashlib.sha256(address(settings).encode()).hexdigest()[:16]
    return settings.data_dir / f"demonstration-{name}.done"


def _address(settings: "Settings", path: str) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}{path}"


def _what_to_open(settings: "Settings", port: int) -> str:
    simulated = (
        f"\n  Messages       http://127.0.0.1:{port}/sms/ (as phones would show them)"
        f"\n                 and below /wechat/, /voice/, /mail/"
        f"\n  Payments       http://127.0.0.1:{port}/wechat_pay/ and /alipay/ (with faults to switch on)"
        if settings.demo
        else ""
    )
    from xinglin.cli.walk import walk

    day = _mark(settings).read_text() if settings.demo and _mark(settings).exists() else ""
    walked = "\n" + walk(_address(settings, ""), date.fromisoformat(day)) + "\n" if day else ""
    return f"""
杏林 is running.

  Pages          {_address(settings, "/")}
  Sign in        {_address(settings, "/login")}
  FHIR           {_address(settings, "/fhir/Patient")}
  What it can    {_address(settings, "/fhir/metadata")}
  Components     {_address(settings, "/design")}{simulated}
{walked}
Ctrl-C stops it; the data stays in {settings.data_dir.absolute()}.
"""


def _load(settings: "Settings") -> None:
    """Load the city into an empty store, once; a load that was stopped goes on where it was.

    The files that mark it hold the city's last day, so that what goes on later is still the same city.
    """
    import asyncio

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    done = _mark(settings)
    unfinished = done.with_suffix(".unfinished")
    if done.exists():
        return
    day = ""
    if unfinished.exists() or asyncio.run(_is_empty(settings)):
        from xinglin.cli import demonstration
        from xinglin.cli.city import today
        from xinglin.store.crew import LoadFailure

        day = unfinished.read_text() if unfinished.exists() else today().isoformat()
        unfinished.write_text(day)
        typer.echo("Making and loading a synthetic city, once.")
        try:
            demonstration.load(settings, date.fromisoformat(day))
        except LoadFailure as failure:
            typer.echo(f"{failure}\nThe next start goes on from here.", err=True)
            raise typer.Exit(1) from None
        unfinished.unlink()
    done.write_text(day)


async def _is_empty(settings: "Settings") -> bool:
    from xinglin.app import create_registry, open_door
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        # What a migration brings of its own are codes.
        newest = await door.auto(SYSTEM).history("Patient", count=1)
        return not newest.rows
    finally:
        await door.store.close()
