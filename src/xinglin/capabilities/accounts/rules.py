"""What accounts decide by themselves: how a browser is called in the list of sessions."""

from typing import Final

# The first that stands in the browser's description, which names others for the sake of old sites.
_BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
MOST: Final = 40


def device_name(described: str) -> str:
    """Call a browser by name and system: ``Chrome · Android``; another program by its own description, cut short."""
    browser = next((name for mark, name in _BROWSERS if mark in described), "")
    system = next((name for mark, name in _SYSTEMS if mark in described), "")
    return " · ".join(part for part in (browser, system) if part) if browser else described[:MOST]
