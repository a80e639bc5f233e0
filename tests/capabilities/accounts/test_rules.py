import pytest

from xinglin.capabilities.accounts.rules import MOST, device_name

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("described", "name"),
    [
        (CHROME, "Chrome · Linux"),
        (CHROME + " Edg/140.0", "Edge · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel) Chrome/139 Mobile Safari MicroMessenger/8.0", "WeChat · Android"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko Firefox/140.0", "Firefox · Windows"),
        ("Firefox", "Firefox"),
        ("python-httpx/0.28", "python-httpx/0.28"),
        ("x" * 100, "x" * MOST),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_name_and_system(described: str, name: str) -> None:
    assert device_name(described) == name
