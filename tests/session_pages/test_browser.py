"""The page in a real browser: two devices, by mouse and by keyboard, with and without scripts."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    expect,
)

from quart_session_demo.compare.harness.servers import ServerCommand, hypercorn, run_servers
from tests.apps.session_pages_app import PREFIX
from tests.browser import ARGUMENTS, CHROMIUM, SCHEMES, WIDTHS, axe_violations, open_page
from tests.conftest import KEY
from tests.session_pages.conftest import FIREFOX

LOG_IN = '/playground/'
NewDevice = Callable[..., AbstractContextManager[BrowserContext]]

pytestmark = pytest.mark.browser


@pytest.fixture(scope='module')
def addresses() -> Iterator[tuple[str, str]]:
    """Yield the addresses of the demo and of an own app, both with sessions in memory."""
    settings = {
        'QUART_SECRET_KEY': KEY,
        'QUART_SESSION_TYPE': 'memory',
        'QUART_SESSION_STORE_DEVICE': 'true',
    }
    demo = ServerCommand('demo', hypercorn('quart_session_demo:app'), settings)
    own = ServerCommand('own', hypercorn('tests.apps.session_pages_app:app'))
    with run_servers(demo, own) as servers:
        yield servers[0].url, servers[1].url


@pytest.fixture
def demo(addresses: tuple[str, str]) -> str:
    """Return the address of the demo."""
    return addresses[0]


@pytest.fixture
def own_page(addresses: tuple[str, str]) -> str:
    """Return the address of the page in the own app, which has no security headers."""
    return f'{addresses[1]}{PREFIX}/'


@pytest.fixture
def new_device(browser: Browser) -> NewDevice:
    """Return a factory of devices, whose pages must log no error and no warning."""

    @contextmanager
    def make(**options: bool) -> Iterator[BrowserContext]:
        errors: list[str] = []

        def record(message: ConsoleMessage) -> None:
            # The console reports a 4xx response as an error, also that for the page's icon.
            if message.type in ('error', 'warning') and 'a status of 4' not in message.text:
                errors.append(message.text)

        with browser.new_context(java_script_enabled=options.get('scripts', True)) as context:
            context.on('console', record)
            context.on('weberror', lambda error: errors.append(str(error.error)))
            yield context
        assert errors == []

    return make


def log_in(context: BrowserContext, demo: str, user: str) -> Page:
    """Log in at the playground, and return the page of sessions, by its link."""
    page = open_page(context, demo + LOG_IN)
    page.get_by_label('name').fill(user)
    page.get_by_role('button', name='Log in').click()
    page.get_by_role('link', name='Your sessions').click()
    expect(page).to_have_title('Your sessions')
    return page


def own_login(context: BrowserContext, own_page: str, user: str, user_agent: str = FIREFOX) -> Page:
    """Log in at the own app, and return the page of sessions."""
    address = own_page.removesuffix(f'{PREFIX}/') + '/login'
    context.request.post(address, data={'user': user}, headers={'User-Agent': user_agent})
    return open_page(context, own_page)


def click(button: Locator) -> None:
    button.click()


def press(button: Locator) -> None:
    """Press a button by keyboard only."""
    page = button.page
    for _ in range(20):
        page.keyboard.press('Tab')
        if button.evaluate('button => button === document.activeElement'):
            break
    else:
        pytest.fail('the Tab key does not reach the button')
    assert button.evaluate('button => button.matches(":focus-visible")')
    assert button.evaluate('button => getComputedStyle(button).outlineStyle') == 'solid'
    with page.expect_navigation():
        page.keyboard.press('Enter')


@pytest.mark.parametrize('act', [click, press])
def test_one_device_ends_the_other(
    new_device: NewDevice, demo: str, act: Callable[[Locator], None]
) -> None:
    """One device ends the session of the other, which is then logged out; its own stays."""
    user = f'one {act.__name__}'
    with new_device() as laptop, new_device() as phone, new_device() as stranger:
        on_laptop, on_phone = log_in(laptop, demo, user), log_in(phone, demo, user)
        strangers = log_in(stranger, demo, f'somebody else {act.__name__}')
        expect(strangers.get_by_role('listitem')).to_have_count(1)
        on_laptop.reload()
        expect(on_laptop.get_by_role('listitem')).to_have_count(2)

        act(on_laptop.get_by_role('button', name='End session 2: Chrome (Linux), last used'))

        expect(on_laptop.get_by_role('status')).to_have_text('1 session was ended.')
        expect(on_laptop.get_by_role('status')).to_be_focused()
        expect(on_laptop.get_by_role('listitem')).to_have_count(1)
        on_phone.reload()
        expect(on_phone).to_have_url(f'{demo}{LOG_IN}#login')
        expect(on_phone.locator('#login')).to_contain_text('You are not logged in.')
        strangers.reload()
        expect(strangers.get_by_role('listitem')).to_have_count(1)


def test_all_other_devices_are_ended(new_device: NewDevice, demo: str) -> None:
    """One device ends all others by keyboard; then its logout ends its own session."""
    with new_device() as first, new_device() as second, new_device() as third:
        pages = [log_in(device, demo, 'all') for device in (first, second, third)]
        *others, page = pages

        press(page.get_by_role('button', name='End all other sessions'))

        expect(page.get_by_role('status')).to_have_text('2 sessions were ended.')
        for other in others:
            other.reload()
            expect(other.locator('#login')).to_contain_text('You are not logged in.')
        press(page.get_by_role('button', name='Log out'))
        expect(page.locator('#login')).to_contain_text('You are not logged in.')


def test_page_works_without_scripts(new_device: NewDevice, demo: str) -> None:
    """Every form works in a browser that runs no scripts."""
    with new_device(scripts=False) as laptop, new_device(scripts=False) as phone:
        page = log_in(laptop, demo, 'no scripts')
        for button in ('End session 2', 'End all other sessions'):
            other = log_in(phone, demo, 'no scripts')
            page.reload()
            page.get_by_role('button', name=button).click()
            expect(page.get_by_role('status')).to_have_text('1 session was ended.')
            other.reload()
            expect(other.locator('#login')).to_contain_text('You are not logged in.')
            other.close()
        page.get_by_role('button', name='Log out').click()
        expect(page.locator('#login')).to_contain_text('You are not logged in.')


def test_stale_button_ends_nothing(new_device: NewDevice, own_page: str) -> None:
    """A button of a session that has ended in the meantime reports that it is not there."""
    with new_device() as laptop, new_device() as phone:
        own_login(phone, own_page, 'stale')
        page, tab = own_login(laptop, own_page, 'stale'), open_page(laptop, own_page)
        page.get_by_role('button', name='End session 2').click()
        expect(page.get_by_role('status')).to_have_text('1 session was ended.')

        tab.get_by_role('button', name='End session 2').click()

        expect(tab.get_by_role('status')).to_have_text('There is no such session any more.')
        tab.reload()
        expect(tab.get_by_role('status')).to_have_count(0)


# The first origin differs in its port only, so it is the same site.
@pytest.mark.parametrize(
    ('origin', 'action'),
    [('http://127.0.0.1:9', 'end'), ('http://another.example', 'end-others')],
)
def test_form_on_another_origin_is_refused(
    new_device: NewDevice, own_page: str, origin: str, action: str
) -> None:
    """A form on a page of another origin ends no session."""
    user = f'{origin} {action}'
    with new_device() as laptop, new_device() as phone:
        own_login(phone, own_page, user)
        page = own_login(laptop, own_page, user)
        public_id = page.get_by_role('button', name='End session 2').get_attribute('value')
        form = (
            f'<form method="post" action="{own_page}{action}">'
            f'<button name="id" value="{public_id}"></form>'
        )
        laptop.route(
            f'{origin}/**', lambda route: route.fulfill(content_type='text/html', body=form)
        )
        foreign_page = open_page(laptop, f'{origin}/')
        with foreign_page.expect_response(own_page + action) as refusal:
            foreign_page.locator('button').click()

        assert refusal.value.status == 403
        expect(foreign_page.get_by_role('heading')).to_have_text('Request refused')
        assert axe_violations(foreign_page) == []
        page.reload()
        expect(page.get_by_role('listitem')).to_have_count(2)


@pytest.mark.parametrize('query', ['', '?lang=zh'])
def test_axe_finds_no_violation(new_device: NewDevice, own_page: str, query: str) -> None:
    """The page violates no accessibility rule of axe in any state, in both color schemes."""
    user = f'axe {query}'
    with new_device() as laptop, new_device() as phone:
        page = open_page(laptop, own_page + query)
        expect(page.get_by_role('heading')).to_have_count(1)
        assert axe_violations(page) == []
        own_login(laptop, own_page, user).close()
        page.goto(own_page + query)
        assert axe_violations(page) == []
        own_login(phone, own_page, user)
        page.goto(own_page + query)
        expect(page.get_by_role('listitem')).to_have_count(2)
        assert axe_violations(page) == []
        page.get_by_role('button').nth(1).click()
        expect(page.get_by_role('status')).to_be_visible()
        assert axe_violations(page) == []


def test_playground_card_has_no_violation(new_device: NewDevice, demo: str) -> None:
    """The playground's login violates no rule of axe, before and after it, and if it is refused."""
    with new_device() as device:
        page = open_page(device, demo + LOG_IN)
        assert axe_violations(page) == []
        page.get_by_label('name').fill(' ')
        page.get_by_role('button', name='Log in').click()
        expect(page.get_by_role('alert')).to_contain_text('The name must have')
        assert axe_violations(page) == []
        page.get_by_label('name').fill('card')
        page.get_by_role('button', name='Log in').click()
        expect(page.locator('#login')).to_contain_text('Logged in as card')
        assert axe_violations(page) == []
        page.goto(f'{demo}{LOG_IN}?lang=zh')
        assert axe_violations(page) == []


def test_playground_card_is_not_wider_than_the_screen(new_device: NewDevice, demo: str) -> None:
    """A long name in the playground's login does not make the page wider than the screen."""
    with new_device() as device:
        page = open_page(device, demo + LOG_IN)
        page.get_by_label('name').fill('W' * 100)
        page.get_by_role('button', name='Log in').click()
        expect(page.locator('#login')).to_contain_text('Logged in as WWW')
        for width in WIDTHS:
            page.set_viewport_size({'width': width, 'height': 800})
            assert page.evaluate('document.documentElement.scrollWidth') <= width


def test_page_is_not_wider_than_the_screen(new_device: NewDevice, own_page: str) -> None:
    """Long names of users and browsers do not make the page wider than the screen."""
    with new_device() as device, new_device() as other:
        own_login(other, own_page, 'w' * 1000, user_agent='x' * 200)
        page = own_login(device, own_page, 'w' * 1000)
        expect(page.get_by_role('button', name='End session 2: xxx')).to_have_count(1)
        for width in WIDTHS:
            page.set_viewport_size({'width': width, 'height': 800})
            assert page.evaluate('document.documentElement.scrollWidth') <= width
            lines = page.locator('dd time').evaluate_all(
                'times => times.map(time => time.getClientRects().length)'
            )
            assert lines == [1] * 6


def test_page_fits_a_small_screen_with_a_large_font(playwright: Playwright, own_page: str) -> None:
    """With twice the font size in the browser's settings, the page is not wider than a phone."""
    arguments = [*ARGUMENTS, '--blink-settings=defaultFontSize=32']
    with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as browser:
        page = own_login(browser.new_context(), own_page, 'large font')
        expect(page.get_by_role('listitem')).to_have_count(1)
        for width in WIDTHS:
            page.set_viewport_size({'width': width, 'height': 800})
            assert page.evaluate('document.documentElement.scrollWidth') <= width


def test_page_has_its_style(new_device: NewDevice, demo: str, own_page: str) -> None:
    """The page has its style under the demo's content security policy and without one."""
    with new_device() as device, new_device() as other:
        for page in (log_in(device, demo, 'style'), own_login(other, own_page, 'style')):
            backgrounds = []
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                backgrounds.append(
                    page.locator('li').evaluate('item => getComputedStyle(item).backgroundColor')
                )
            assert backgrounds == ['rgb(255, 255, 255)', 'rgb(27, 32, 40)']
