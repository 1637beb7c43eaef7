"""The page lists a user's sessions and ends them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from quart import Quart

from tests.conftest import cookies_of
from tests.session_pages.conftest import PAGE, Device, ids, notice

GONE = 'There is no such session any more.'


async def test_user_sees_own_sessions_only(devices: dict[str, Device]) -> None:
    """The page lists each session of the user, and none of another user."""
    pages = {name: await device.page() for name, device in devices.items()}

    assert {name: len(ids(page)) for name, page in pages.items()} == {
        'ann': 2,
        'ann 2': 2,
        'bob': 1,
    }
    assert set(ids(pages['ann'])) == set(ids(pages['ann 2']))
    assert not set(ids(pages['bob'])) & set(ids(pages['ann']))
    assert '<bdi>ann</bdi>' in pages['ann']
    assert 'bob' not in pages['ann']


async def test_current_session_is_first(devices: dict[str, Device]) -> None:
    """The session of this browser is the first, is marked, and has the only logout."""
    for name in ('ann', 'ann 2'):
        page = await devices[name].page()

        first, second = page.split('<li>')[1:]
        assert ('this browser' in first, 'this browser' in second) == (True, False)
        assert ('>Log out</button>' in first, 'Log out' in second) == (True, False)


async def test_single_session_has_no_others_to_end(devices: dict[str, Device]) -> None:
    """Only a page with other sessions has the button that ends all others."""
    for name in ('ann', 'bob'):
        page = await devices[name].page()

        assert ('End all other sessions</button>' in page) == (name == 'ann')
        assert ('You have no other session.' in page) == (name == 'bob')


async def test_times_are_shown(app: Quart) -> None:
    """Each session has the times of its login, its last use and its expiry, for programs too."""
    app.config['PERMANENT_SESSION_LIFETIME'] = 3600
    start = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
    device = Device(app)
    with time_machine.travel(start, tick=False) as clock:
        await device.log_in('ann')
        clock.shift(timedelta(minutes=20))
        await device.page()
        page = await device.page()

    assert re.findall('<dt>(.*)</dt><dd><time datetime="(.*)">(.*)</time></dd>', page) == [
        ('Logged in', '2026-11-27T08:30:00+00:00', '2026-11-27 08:30 UTC'),
        ('Last used', '2026-11-27T08:50:00+00:00', '2026-11-27 08:50 UTC'),
        ('Expires', '2026-11-27T09:50:00+00:00', '2026-11-27 09:50 UTC'),
    ]


async def test_device_is_shown_if_it_is_stored(app: Quart) -> None:
    """The page shows the browser and its address only with `SESSION_STORE_DEVICE`."""
    pages = {}
    for stored in (False, True):
        app.config['SESSION_STORE_DEVICE'] = stored
        device = Device(app)
        await device.log_in(f'ann {stored}')
        pages[stored] = await device.page()

    for part in ('<h2>Session 1: <bdi lang="en">Firefox (Linux)</bdi>', '<dt>Address</dt>'):
        assert (part in pages[True], part in pages[False]) == (True, False)
    assert '<h2>Session 1 <' in pages[False]


async def test_button_names_differ(app: Quart) -> None:
    """Each button names its session, also if two sessions have the same device and times."""
    app.config['SESSION_STORE_DEVICE'] = True
    with time_machine.travel(datetime(2026, 11, 27, 8, 30, tzinfo=UTC), tick=False):
        for _ in range(3):
            device = Device(app)
            await device.log_in('ann')
        page = await device.page()

    names = [re.sub('<[^>]*>', '', name) for name in re.findall('<button.*?>(.*?)</button>', page)]
    assert names == [
        'Log out',
        'End session 2: Firefox (Linux), last used 2026-11-27 08:30 UTC',
        'End session 3: Firefox (Linux), last used 2026-11-27 08:30 UTC',
        'End all other sessions',
    ]


async def test_one_session_can_be_ended(devices: dict[str, Device]) -> None:
    """A button ends one session of the user; all others stay."""
    _, other = ids(await devices['ann'].page())

    report = await devices['ann'].act('end', other)

    assert report == '1 session was ended.'
    assert len(ids(await devices['ann'].page())) == 1
    logged_in = {name: await device.is_logged_in() for name, device in devices.items()}
    assert logged_in == {'ann': True, 'ann 2': False, 'bob': True}


async def test_all_others_can_be_ended(app: Quart, devices: dict[str, Device]) -> None:
    """A button ends all sessions of the user but the current one."""
    third = Device(app)
    await third.log_in('ann')

    report = await devices['ann'].act('end-others')

    assert report == '2 sessions were ended.'
    assert not await third.is_logged_in()
    logged_in = {name: await device.is_logged_in() for name, device in devices.items()}
    assert logged_in == {'ann': True, 'ann 2': False, 'bob': True}
    assert await devices['ann'].act('end-others') == GONE


async def test_current_session_can_be_ended(devices: dict[str, Device]) -> None:
    """The logout ends the current session only, and deletes its cookie."""
    current, _ = ids(await devices['ann'].page())

    response = await devices['ann'].post('end', current)

    assert (response.status_code, response.headers['Location']) == (303, PAGE)
    [cookie] = cookies_of(response)
    assert (cookie.name, cookie.value) == ('session', '')
    logged_in = {name: await device.is_logged_in() for name, device in devices.items()}
    assert logged_in == {'ann': False, 'ann 2': True, 'bob': True}


@pytest.mark.parametrize('kind', ['missing', 'empty', 'unknown', 'long', 'ended', 'prefix', 'all'])
async def test_unknown_id_ends_nothing(devices: dict[str, Device], kind: str) -> None:
    """For an id that the user does not have, the page reports that there is no such session."""
    ann = devices['ann']
    current, other = ids(await ann.page())
    if kind == 'ended':
        await ann.act('end', other)
    public_id = {
        'missing': None,
        'empty': '',
        'unknown': '0' * 16,
        'long': '中\x00' * 5000,
        'ended': other,
        'prefix': current[:-1],
        'all': '*',
    }[kind]

    report = await ann.act('end', public_id)

    assert report == GONE
    logged_in = {name: await device.is_logged_in() for name, device in devices.items()}
    assert logged_in == {'ann': True, 'ann 2': kind != 'ended', 'bob': True}


async def test_session_of_another_user_stays(devices: dict[str, Device]) -> None:
    """Nobody can end the session of another user, even with its public id."""
    [bobs] = ids(await devices['bob'].page())

    report = await devices['ann'].act('end', bobs)

    assert report == GONE
    assert await devices['bob'].is_logged_in()


async def test_notice_is_shown_once(devices: dict[str, Device]) -> None:
    """The notice is in the session until the page shows it, and nobody else can set it."""
    ann = devices['ann']
    assert await ann.act('end-others') != ''

    assert notice(await ann.page()) == ''
    assert await (await ann.get('/contents')).get_json() == {}
    for query in ('?ended=1', '?notice=ended', '?_session_pages_ended=1'):
        response = await ann.get(PAGE + query)
        assert notice(await response.get_data(as_text=True)) == ''


@pytest.mark.parametrize('value', ['<script>', [1], None, 1.5, {'a': 1}])
async def test_other_value_is_no_notice(devices: dict[str, Device], value: object) -> None:
    """A value of the app under the notice's key is removed, and shows nothing."""
    async with devices['ann'].client.session_transaction() as session:
        session['_session_pages_ended'] = value

    assert notice(await devices['ann'].page()) == ''


async def test_session_that_is_ended_elsewhere_is_logged_out(devices: dict[str, Device]) -> None:
    """A form of a session that another device ended returns 401, and ends nothing."""
    await devices['ann'].act('end-others')

    for action in ('end', 'end-others'):
        assert (await devices['ann 2'].post(action)).status_code == 401
    assert await devices['ann'].is_logged_in()


@pytest.mark.parametrize('name', ['中文名字', '<script>alert(1)</script>', 'x' * 10_000, '\ud800'])
async def test_any_name_can_be_shown(app: Quart, name: str) -> None:
    """The page works for each name that a login accepts, and never runs it."""
    device = Device(app)
    await device.log_in(name)

    html = await (await device.get()).get_data(as_text=True)

    shown = {'\ud800': '?'}.get(name, name).replace('<', '&lt;').replace('>', '&gt;')
    assert f'<bdi>{shown}</bdi>' in html
    assert len(ids(html)) == 1


@pytest.mark.parametrize(
    'agent',
    ['<script>alert(1)</script>', '"><img src=x>', '{{ 7777*7777 }}', 'é' * 10_000, ' ', '\u202e'],
)
async def test_browser_names_are_escaped(app: Quart, agent: str) -> None:
    """What a browser sends as its name never becomes HTML of the page."""
    app.config['SESSION_STORE_DEVICE'] = True
    device, other = Device(app, agent.encode().decode('latin-1')), Device(app)
    await device.log_in('ann')
    await other.log_in('ann')

    html = await (await other.get()).get_data(as_text=True)

    assert len(ids(html)) == 2
    for part in ('<script', '<img', '60481729'):
        assert part not in html
    assert len(html) < 10_000
