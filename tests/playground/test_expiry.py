"""The page shows when a session in a signed cookie expires."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.playground.conftest import LESSON, PageUser

DAY = 86400


def days_ago(days: int) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) - timedelta(days=days))


async def test_permanent_session_shows_its_expiry(user: PageUser) -> None:
    """A permanent session expires one lifetime after its signature, and is renewed."""
    await user.update_session(LESSON)

    text = await user.page()

    times = re.findall('<time datetime="([^"]+)">', text)
    signed, expires = sorted({datetime.fromisoformat(time) for time in times})
    assert abs(signed - datetime.now(UTC)) < timedelta(minutes=1)
    assert abs(expires - signed - timedelta(days=10)) < timedelta(minutes=1)
    assert 'data-seconds="86' in text
    assert 'Permanent: it remains after the browser is closed.' in text
    assert 'Every response renews it' in text


@pytest.mark.parametrize(
    ('content', 'config'),
    [
        ({'a': 1}, {}),
        # Too large for the inspector.
        ({'a': 'x' * 40_000}, {}),
        (LESSON, {'SESSION_REFRESH_EACH_REQUEST': False}),
    ],
)
async def test_session_without_renewal_shows_its_expiry(
    make_user: Callable[..., PageUser], content: dict[str, Any], config: dict[str, Any]
) -> None:
    """A session that is not renewed expires one lifetime after its signature."""
    user = make_user(**config)
    with days_ago(5):
        await user.update_session(content)

    text = await user.page()

    seconds = re.search('data-seconds="([0-9]+)"', text)
    assert seconds is not None
    assert 5 * DAY - 60 < int(seconds[1]) <= 5 * DAY
    assert 'renews it' not in text


async def test_cookie_over_the_limit_is_not_renewed(user: PageUser) -> None:
    """A cookie over the limit is not sent again, so its expiry stays and the page shows why."""
    await user.update_session({**LESSON, 'noise': secrets.token_hex(500)})
    user.app.config['MAX_COOKIE_SIZE'] = 500

    report = await user.act('get', key='age')

    text = await user.page()
    signed, *others = re.findall('<time datetime="([^"]+)">', text)
    expires = datetime.fromisoformat(signed) + timedelta(days=10)
    assert set(others) == {signed, expires.isoformat()}
    assert 'renews it' not in text
    assert 'no Set-Cookie header for the session, because the cookie is over the size' in report


async def test_refused_save_does_not_renew(user: PageUser) -> None:
    """The page of a refused save shows the old expiry."""
    with days_ago(5):
        await user.update_session(LESSON)

    text = await user.refused(413, 'overflow')

    # Between 4 days 23 hours and 5 days.
    assert 'data-seconds="43' in text
    assert 'renews it' not in text


@pytest.mark.parametrize('store', ['cookie', 'memory'])
async def test_setting_makes_sessions_permanent(
    make_user: Callable[..., PageUser], store: str
) -> None:
    """With `SESSION_PERMANENT` sessions are shown as permanent, unless the app excludes one."""
    user = make_user(SESSION_TYPE=store, SESSION_PERMANENT=True)
    assert 'Permanent: it remains' not in await user.page()

    await user.act('set', key='a', value='1')
    text = await user.page()
    assert 'Permanent: it remains after the browser is closed.' in text
    assert 'Not set: the browser deletes the cookie' not in text
    assert 'renews it' in text
    if store == 'cookie':
        assert text.count('<code>Expires</code>') == 1

    await user.act('browser')
    text = await user.page()
    assert 'Until the browser is closed' in text
    assert 'Not set: the browser deletes the cookie' in text
