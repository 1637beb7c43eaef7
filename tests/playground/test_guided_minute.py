"""The guided minute in a real browser: by the one filled button, from the start to the replay."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser import Scheme, axe_violations, open_page, record_errors

pytestmark = pytest.mark.browser

DEVICES: dict[str, dict[str, Any]] = {
    'desktop': {'viewport': {'width': 1280, 'height': 720}},
    'phone': {'viewport': {'width': 390, 'height': 844}, 'has_touch': True, 'is_mobile': True},
}
LOCALES = {'en': 'en-US', 'zh': 'zh-CN'}
# Axe takes long: each kind of screen has one language and one color scheme.
AXE_SCHEMES: dict[tuple[str, str], Scheme] = {
    ('desktop', 'en'): 'light',
    ('phone', 'zh'): 'dark',
}
REASONS = {
    'en': 'the signature was made for other content',
    'zh': '这个签名是为其他内容生成的',
}
NOT_REVOKED = {
    'en': ('Clearing did not revoke it.', 'A server-side session can be revoked.'),
    'zh': ('清除 session 并没有让它失效。', '保存在服务器上的 session 才能被撤销。'),
}
REVOKED = {
    'en': ('The app refuses it.', 'Clearing revoked it'),
    'zh': ('应用拒绝了它。', '清除时它就失效了'),
}
LESSON = {"'username'": "'zhiliao'", "'age'": '20', "'_permanent'": 'True'}
REDIS = pytest.mark.redis
#: Each two of these values are together in one of the users, and axe checks both stores.
USERS = [
    pytest.param('desktop', 'en', True, 'cookie', id='desktop-en-scripts-cookie'),
    pytest.param('desktop', 'en', True, 'redis', marks=REDIS, id='desktop-en-scripts-redis'),
    pytest.param('phone', 'zh', True, 'cookie', id='phone-zh-scripts-cookie'),
    pytest.param('phone', 'zh', True, 'redis', marks=REDIS, id='phone-zh-scripts-redis'),
    pytest.param('desktop', 'zh', False, 'redis', marks=REDIS, id='desktop-zh-no-scripts-redis'),
    pytest.param('phone', 'en', False, 'cookie', id='phone-en-no-scripts-cookie'),
]


@pytest.fixture
def page_address(request: pytest.FixtureRequest, store: str) -> str:
    """Return the address of the page, with this store."""
    name = 'address' if store == 'cookie' else 'redis_address'
    return str(request.getfixturevalue(name))


@pytest.fixture
def context(
    browser: Browser, device: str, language: str, scripts: bool
) -> Iterator[BrowserContext]:
    """Yield a new user, whose pages must log no error."""
    options = {**DEVICES[device], 'locale': LOCALES[language], 'java_script_enabled': scripts}
    with browser.new_context(**options) as context:
        errors = record_errors(context)
        yield context
    assert errors == []


def next_step(page: Page) -> str:
    """Return the step that the only filled button offers."""
    filled = page.locator('.primary')
    expect(filled).to_have_count(1)
    assert filled.is_visible()
    return str(filled.get_attribute('value'))


def press_next(page: Page, device: str) -> None:
    """Press the filled button, and check that the page has no second one."""
    filled = page.locator('.primary')
    with page.expect_navigation():
        # Taps on a phone.
        (filled.tap if device == 'phone' else filled.click)()


def session_table(page: Page) -> dict[str, str]:
    """Return the keys and values in the page's table."""
    cells = page.locator('tbody tr').all()
    return {row.locator('th').inner_text(): row.locator('td').first.inner_text() for row in cells}


def backgrounds(marks: Locator) -> list[str]:
    """Return the background color of each element."""
    colors: list[str] = marks.evaluate_all(
        'marks => marks.map(mark => getComputedStyle(mark).backgroundColor)'
    )
    return colors


def assert_near_the_buttons(page: Page) -> None:
    """Check that the viewport shows the whole notice, and below it the card with the buttons."""
    assert page.viewport_size is not None
    notice, buttons = page.locator('#last').bounding_box(), page.locator('#do').bounding_box()
    assert notice is not None
    assert buttons is not None
    assert notice['y'] >= 0
    assert buttons['y'] <= page.viewport_size['height'] * 3 / 4


def assert_fits(page: Page) -> None:
    """Check that with all folds open nothing is wider than a small screen."""
    page.evaluate('document.querySelectorAll("details").forEach(fold => fold.open = true)')
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({'width': 320, 'height': 800})
    assert page.evaluate('document.documentElement.scrollWidth') <= 320
    page.set_viewport_size(size)


def check_cookie(page: Page, store: str, value: str) -> None:
    """Check the card of the cookie, whose parts have three colors."""
    card = page.locator('#cookie')
    if store == 'redis':
        assert card.locator('pre.cookie').inner_text() == f'session={value[:6]}…'
        assert 'zhiliao' not in card.inner_text()
        return
    # Every response renews the time and the signature.
    payload, *renewed = card.locator('pre.cookie').inner_text().split('.')
    assert payload == 'session=' + value.split('.')[0]
    assert len(renewed) == 2
    assert len(set(backgrounds(card.locator('pre mark')))) == 3
    assert '{"username":"zhiliao","age":20,"_permanent":true}' in card.inner_text()


def check_altered_copy(page: Page, store: str, language: str, value: str) -> None:
    """Check the notice about the changed character: both cookies, the boxes and the reason."""
    notice = page.locator('#last')
    cookie, copy = notice.locator('dl dd').all()
    assert cookie.inner_text() == (value if store == 'cookie' else f'{value[:6]}…')
    old, new = cookie.locator('del'), copy.locator('ins')
    assert len(old.inner_text()) == len(new.inner_text()) == 1
    assert old.inner_text() != new.inner_text()
    for box in (old, new):
        assert box.evaluate('box => getComputedStyle(box).borderStyle') == 'solid'
    texts = list(zip(cookie.inner_text(), copy.inner_text(), strict=True))
    assert [(one, other) for one, other in texts if one != other] == [
        (old.inner_text(), new.inner_text())
    ]
    parts = 3 if store == 'cookie' else 1
    assert len(set(backgrounds(copy.locator('mark')))) == parts
    assert REASONS[language] in notice.inner_text()
    assert 'Set-Cookie' not in notice.inner_text()


def check_replay(page: Page, store: str, language: str, plain: list[str]) -> None:
    """Check the notice about the replay: its color and its words."""
    notice = page.locator('#last')
    kind, texts = ('warning', NOT_REVOKED) if store == 'cookie' else ('safe', REVOKED)
    expect(notice).to_contain_class(kind)
    assert backgrounds(notice) != plain
    for text in texts[language]:
        assert text in notice.inner_text()
    assert ("{'username': 'zhiliao'" in notice.inner_text()) == (store == 'cookie')


@pytest.mark.parametrize(('device', 'language', 'scripts', 'store'), USERS)
def test_guided_minute(
    context: BrowserContext,
    page_address: str,
    store: str,
    device: str,
    language: str,
    scripts: bool,
) -> None:
    """One filled button at a time leads from an empty session to the replay of its cookie."""
    page = open_page(context, page_address)

    def check_state() -> None:
        if page.locator('#last').count():
            assert_near_the_buttons(page)
        assert_fits(page)
        if scripts and (scheme := AXE_SCHEMES.get((device, language))):
            assert axe_violations(page, [scheme]) == []

    def session_cookie() -> str:
        [value] = [each['value'] for each in context.cookies() if each['name'] == 'session']
        return value

    assert (page.locator('html').get_attribute('lang') or '')[:2] == language
    assert session_table(page) == {}
    assert next_step(page) == 'lesson'
    assert page.locator('button[value=character]').count() == 0
    check_state()

    press_next(page, device)
    notice = page.locator('#last')
    plain = backgrounds(notice)
    assert "session['username'] = 'zhiliao'" in notice.inner_text()
    assert 'Set-Cookie: session=' in notice.inner_text()
    assert session_table(page) == LESSON
    assert next_step(page) == 'get'
    check_state()

    press_next(page, device)
    assert "session.get('username')\n→ 'zhiliao'" in notice.inner_text()
    assert session_table(page) == LESSON
    assert next_step(page) == 'cookie'
    check_state()

    value = session_cookie()
    press_next(page, device)
    expect(page.locator('#cookie')).to_be_in_viewport(ratio=0.5)
    check_cookie(page, store, value)
    assert next_step(page) == 'character'
    check_state()

    value = session_cookie()
    press_next(page, device)
    check_altered_copy(page, store, language, value)
    assert session_table(page) == LESSON
    assert next_step(page) == 'clear'
    check_state()

    press_next(page, device)
    assert 'session.clear()' in notice.inner_text()
    assert re.search(r'Set-Cookie: session=; Expires=\w+, 01 Jan 1970', notice.inner_text())
    assert session_table(page) == {}
    assert next_step(page) == 'replay'
    check_state()

    press_next(page, device)
    check_replay(page, store, language, plain)
    assert session_table(page) == {}
    assert next_step(page) == 'lesson'
    check_state()
