"""The name of a browser, from its `User-Agent` header."""

import re

#: A part of the header, and the browser that sends it. The first that is found counts, because most
#: browsers also send the names of others. Source: MDN, "Browser detection using the user agent".
BROWSERS = (
    ('Edg', 'Edge'),
    ('OPR/', 'Opera'),
    ('SamsungBrowser/', 'Samsung Internet'),
    ('Firefox/', 'Firefox'),
    ('FxiOS/', 'Firefox'),
    ('Chrome/', 'Chrome'),
    ('CriOS/', 'Chrome'),
    ('Chromium/', 'Chromium'),
    ('Safari/', 'Safari'),
)
#: The same for the operating system.
SYSTEMS = (
    ('Windows', 'Windows'),
    ('Android', 'Android'),
    ('iPhone', 'iPhone'),
    ('iPad', 'iPad'),
    ('Macintosh', 'macOS'),
    ('CrOS', 'ChromeOS'),
    ('Linux', 'Linux'),
)
#: The largest number of characters of a name that is not in the tables.
MAX_NAME_LENGTH = 60


def device_name(user_agent: str) -> str:
    """Return a name such as `Firefox (Windows)`; of an unknown program, what it calls itself."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return f'{browser} ({system})'
    if browser:
        return browser
    # A program's name is the text before its version and comments (RFC 9110, 10.1.5).
    product = re.split(r'[/(]', user_agent.strip(), maxsplit=1)[0].strip() or user_agent.strip()
    return product if len(product) <= MAX_NAME_LENGTH else f'{product[:MAX_NAME_LENGTH]}…'


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for part, name in table if part in user_agent), None)
