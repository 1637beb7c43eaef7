"""The name of a browser, from its `User-Agent` header."""

import pytest

from quart_session_demo.session_pages.devices import device_name

MOZILLA = 'Mozilla/5.0'
WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'


@pytest.mark.parametrize(
    ('user_agent', 'name'),
    [
        (
            f'{MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
            'Firefox (Windows)',
        ),
        (
            f'{MOZILLA} (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
            'Firefox (Android)',
        ),
        (
            f'{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36',
            'Chrome (Windows)',
        ),
        (
            f'{MOZILLA} (Linux; Android 10; K) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36',
            'Chrome (Android)',
        ),
        (
            f'{MOZILLA} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36',
            'Chrome (ChromeOS)',
        ),
        (
            f'{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 '
            'Edg/140.0.0.0',
            'Edge (Windows)',
        ),
        (
            f'{MOZILLA} (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/122.0.0.0',
            'Opera (Linux)',
        ),
        (
            f'{MOZILLA} (Linux; Android 10; K) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 '
            'Mobile Safari/537.36',
            'Samsung Internet (Android)',
        ),
        (
            f'{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like '
            'Gecko) Version/18.5 Safari/605.1.15',
            'Safari (macOS)',
        ),
        (
            f'{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, '
            'like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
            'Safari (iPhone)',
        ),
        (
            f'{MOZILLA} (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like '
            'Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1',
            'Chrome (iPad)',
        ),
        (
            f'{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, '
            'like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15',
            'Firefox (iPhone)',
        ),
        ('Firefox/140.0', 'Firefox'),
        ('curl/8.5.0', 'curl'),
        ('python-httpx/0.28.1', 'python-httpx'),
        ('My App (build 3)', 'My App'),
        ('(comment only)', '(comment only)'),
        ('/8.5', '/8.5'),
        ('x' * 61, 'x' * 60 + '…'),
        ('  ', ''),
    ],
)
def test_device_has_a_name(user_agent: str, name: str) -> None:
    """Usual browsers and systems have their names; another program is what it calls itself."""
    assert device_name(user_agent) == name
