"""The page's layout in a real browser: near the buttons, on a phone, and with long content."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from quart_session_demo.playground.guide import STEPS
from tests.browser import axe_violations, open_page, record_errors
from tests.playground.conftest import PAGE
from tests.playground.test_guided_minute import DEVICES, next_step, press_next, session_table

pytestmark = pytest.mark.browser


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """Return the kind of the screen."""
    return str(request.param)


@pytest.fixture
def context(browser: Browser, device: str) -> Iterator[BrowserContext]:
    """Yield a new user, whose pages must log no error."""
    with browser.new_context(**DEVICES[device]) as context:
        errors = record_errors(context)
        yield context
    assert errors == []


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """Return the page of a user without a session."""
    return open_page(context, address)


def press(page: Page, action: str) -> None:
    """Press the button of an action, not that of the next step."""
    with page.expect_navigation():
        page.locator(f'button[name=do][value={action}]').first.click()


def fill(page: Page, key: str, value: str) -> None:
    """Type a key and a value."""
    page.get_by_label('key').fill(key)
    page.get_by_label('value').fill(value)


def height(page: Page) -> int:
    """Return the height of the whole page, in pixels."""
    return int(page.evaluate('document.documentElement.scrollHeight'))


def top(page: Page, selector: str) -> float:
    """Return the distance from the top of the viewport, in pixels."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box['y']


def styles(page: Page, selector: str, name: str) -> list[str]:
    """Return the computed style of each element."""
    script = f'elements => elements.map(element => getComputedStyle(element).{name})'
    found: list[str] = page.locator(selector).evaluate_all(script)
    return found


@pytest.mark.parametrize('scripts', [True, False], ids=['scripts', 'no-scripts'])
def test_tab_key_reaches_the_next_step(
    browser: Browser, address: str, device: str, *, scripts: bool
) -> None:
    """The guided minute works by keyboard; at each step Tab, pressed twice or once, is enough."""
    with browser.new_context(**DEVICES[device], java_script_enabled=scripts) as context:
        page = open_page(context, address)
        # The step `cookie` would have long texts before the next button, if they were not below it.
        fill(page, 'long', '演' * 1000)
        press(page, 'set')
        for _ in STEPS:
            step = next_step(page)
            focused = page.locator('.primary:focus-visible')
            for _ in range(2):
                page.keyboard.press('Tab')
                if focused.count():
                    break
            assert focused.count() == 1, step
            with page.expect_navigation():
                page.keyboard.press('Enter')
    assert step == 'lesson'


def test_link_back_focuses_the_used_button(page: Page) -> None:
    """The link back to the buttons moves the focus to the button that was used."""
    actions = ['set', 'get', 'lesson', 'character', 'key', 'time', 'overflow', 'browser', 'pop']
    # The last `del` has no key to delete, so it fails.
    for action in [*actions, 'lesson', 'del', 'del']:
        press(page, action)
        page.locator('#last').get_by_role('link', name='Back to the buttons').click()
        # This button has become that of the opposite action.
        used = 'do' if action == 'browser' else f'do-{action}'
        expect(page.locator(f'#{used}')).to_be_focused()
        expect(page.locator(f'#{used}')).to_be_in_viewport()


def test_link_back_works_without_scripts(browser: Browser, address: str, device: str) -> None:
    """Without scripts, the link back moves the focus as well; without a session, to the card."""
    with browser.new_context(**DEVICES[device], java_script_enabled=False) as context:
        page = open_page(context, address)
        for action, used in [('set', 'do-set'), ('character', 'do-character'), ('clear', 'do')]:
            press(page, action)
            page.locator('#last a').click()
            expect(page.locator(f'#{used}:focus')).to_be_in_viewport()


def test_error_has_the_focus_without_scripts(browser: Browser, address: str, device: str) -> None:
    """Without scripts, the Tab key reaches the next step at once, also after an error."""
    with browser.new_context(**DEVICES[device], java_script_enabled=False) as context:
        page = open_page(context, address)
        press(page, 'set')
        press(page, 'overflow')
        expect(page.locator('#last:focus')).to_be_in_viewport(ratio=1)
        page.keyboard.press('Tab')
        expect(page.locator('.primary:focus-visible')).to_be_in_viewport(ratio=1)


def test_pointer_fills_no_second_button(page: Page) -> None:
    """The button below the pointer is marked in another way than the next step's."""
    press(page, 'set')
    button = page.locator('#do-get')
    before = styles(page, '#do-get', 'backgroundColor')

    button.hover()

    assert styles(page, '#do-get', 'backgroundColor') != before
    filled = styles(page, '.primary', 'backgroundColor')
    assert styles(page, 'button', 'backgroundColor').count(filled[0]) == 1
    assert axe_violations(page) == []


def test_typed_texts_stay_in_guided_minute(page: Page, device: str) -> None:
    """What the user typed stays in the fields after each step of the guided minute."""
    for number, step in enumerate(STEPS):
        fill(page, f'键 {number}', f'"{number}\'')
        assert next_step(page) == step
        press_next(page, device)
        assert page.get_by_label('key').input_value() == f'键 {number}', step
        assert page.get_by_label('value').input_value() == f'"{number}\'', step


def test_enter_sets_during_guided_minute(page: Page) -> None:
    """The Enter key in a field sets the value; it does not press the next step's button."""
    fill(page, 'mine', '1')
    page.get_by_label('value').press('Enter')
    expect(page.locator('#last')).to_contain_text("session['mine'] = 1")
    with page.expect_navigation():
        page.get_by_label('key').press('Enter')
    assert session_table(page) == {"'mine'": '1'}


def test_long_notice_is_near_the_buttons(page: Page) -> None:
    """After each action on a long value the viewport shows the notice, and the buttons' card."""
    fill(page, 'k' * 100, ''.join(f'{number:x}' for number in range(700)))
    actions = ['set', 'get', 'character', 'key', 'time', 'overflow', 'permanent', 'clear', 'replay']
    assert page.viewport_size is not None
    for action in actions:
        press(page, action)
        assert top(page, '#last') >= 0, action
        assert top(page, '#do') < page.viewport_size['height'] * 0.9, action


def test_phone_shows_actions_before_attributes(browser: Browser, address: str) -> None:
    """On a phone the actions are above the session and its cookie, whose attributes are folded."""
    with browser.new_context(**DEVICES['phone']) as context:
        page = open_page(context, address)
        press_next(page, 'phone')
        selectors = ['#last', '#do', 'button[name=do][value=character]', 'table', '#cookie']
        tops = [top(page, selector) for selector in selectors]
        assert tops == sorted(tops)
        attribute = page.get_by_text('HttpOnly', exact=True)
        expect(attribute).to_be_hidden()
        page.get_by_text('Attributes of the cookie').tap()
        expect(attribute).to_be_visible()


@pytest.mark.redis
@pytest.mark.parametrize(('keys', 'length'), [(1, 30_000), (20, 1500), (1000, 20)])
def test_large_session_has_a_normal_page(
    context: BrowserContext, redis_address: str, device: str, keys: int, length: int
) -> None:
    """A session of 30 KB makes the page at most half as long again as one of two values."""
    page = open_page(context, redis_address)
    press_next(page, device)
    page.goto(redis_address)
    normal = height(page)

    page.goto(redis_address.removesuffix(PAGE) + f'/fill/{keys}/{length}')
    page.goto(redis_address)

    assert height(page) < normal * 1.5
    folded = page.locator('table details, table + details')
    folded.evaluate_all('all => all.forEach(details => { details.open = true; })')
    assert height(page) > normal * 2


def test_large_cookie_has_a_normal_page(page: Page, device: str) -> None:
    """A cookie with 30 KB, which is compressed, makes a page of at most half as long again."""
    press_next(page, device)
    page.reload()
    normal = height(page)
    for key in ('a', 'b', 'c'):
        fill(page, key, '演' * 10_000)
        press(page, 'set')

    page.reload()

    assert height(page) < normal * 1.5
    assert '演' * 10_000 not in page.locator('main').inner_text()


def test_forced_colors_keep_the_box(page: Page) -> None:
    """The changed character has a box, and its cookie three colors, also in forced colors."""
    press(page, 'set')
    press(page, 'character')
    page.emulate_media(forced_colors='active')

    assert page.evaluate('matchMedia("(forced-colors: active)").matches')
    borders = styles(page, '#last dl :is(del, ins)', 'borderTopStyle')
    assert borders == ['solid', 'solid']
    assert len(set(styles(page, '#last dl mark', 'backgroundColor'))) == 3


def test_forced_colors_fill_the_next_step(page: Page) -> None:
    """In forced colors too, only the button of the next step is filled."""
    page.emulate_media(forced_colors='active')

    filled = styles(page, '.primary', 'backgroundColor')
    assert filled == styles(page, '#do-set', 'color')
    assert filled[0] not in styles(page, '#do-set', 'backgroundColor')
    assert axe_violations(page) == []


def test_links_of_the_lesson_are_large_enough(page: Page) -> None:
    """Each link to a route is at least 24 pixels wide and high (WCAG 2.2, 2.5.8)."""
    links = page.locator('dt a').all()
    assert len(links) == 6
    for link in links:
        box = link.bounding_box()
        assert box is not None
        assert min(box['width'], box['height']) >= 24, link.text_content()
