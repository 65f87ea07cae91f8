"""What people call the browser and device that a User-Agent names."""

import re

from django.utils.translation import gettext as _

BROWSERS = (  # the first that is named wins: most name the ones below them as well
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Return what people call a browser on a device."""

    def first(names: tuple[tuple[str, str], ...]) -> str:
        return next((name for mark, name in names if re.search(mark, user_agent)), "")

    browser, system = first(BROWSERS), first(SYSTEMS)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:40] or _("Unknown browser")
