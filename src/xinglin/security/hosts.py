"""Where a host may be taken to stand: in China unless shown otherwise is not enough, so the operator names what is."""

from ipaddress import ip_address

from xinglin.fhir.sources import cites


@cites("R7-020")
def is_domestic(host: str, named: tuple[str, ...]) -> bool:
    """Tell whether a host counts as standing in China: of our own network, under ``.cn``, or *named* by the operator.

    named: hosts, each with everything below it.
    """
    host = host.strip("[]").rstrip(".").lower()
    try:
        return not ip_address(host).is_global or host in named
    except ValueError:
        return "." not in host or any(host == one or host.endswith(f".{one}") for one in ("cn", *named))
