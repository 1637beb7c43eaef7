"""The pages of errors in a real browser: what they explain, and the link to the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import axe_violations, open_page, record_errors
from tests.playground.conftest import serve_page
from tests.playground.test_guided_minute import press_next, session_table
from tests.redis_server import RedisServer

pytestmark = pytest.mark.browser

LESSON = {"'username'", "'age'", "'_permanent'"}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a new user, whose pages must log no error."""
    with browser.new_context() as context:
        errors = record_errors(context)
        yield context
    assert errors == []


def open_form(context: BrowserContext, origin: str, address: str) -> Page:
    """Open a page of another origin, with a form that clears the session."""
    form = f"""<!doctype html><html lang="en"><title>Another page</title><main><h1>Form</h1>
        <form method="post" action="{address}"><button name="do" value="clear">Clear</button></form>
        </main>"""
    context.route(f'{origin}/**', lambda route: route.fulfill(content_type='text/html', body=form))
    return open_page(context, f'{origin}/')


# The second origin differs in its port only, so it is the same site.
@pytest.mark.parametrize(
    ('origin', 'reasons'),
    [
        (
            'http://another.example',
            ('Sec-Fetch-Site: cross-site', 'no session cookie', 'SameSite=Lax'),
        ),
        (
            'http://127.0.0.1:9',
            ('Sec-Fetch-Site: same-site', 'contained the session cookie', 'another port'),
        ),
    ],
)
def test_form_on_another_origin_is_refused(
    context: BrowserContext, address: str, origin: str, reasons: tuple[str, ...]
) -> None:
    """A form on a page of another origin changes nothing, and the 403 page explains why."""
    press_next(open_page(context, address), 'desktop')
    foreign_page = open_form(context, origin, address)

    with foreign_page.expect_response(address) as refusal:
        foreign_page.locator('button').click()
    foreign_page.wait_for_load_state()

    assert refusal.value.status == 403
    text = foreign_page.locator('main').inner_text()
    assert [reason for reason in (*reasons, f'Origin: {origin}') if reason not in text] == []
    assert foreign_page.locator('#last, #do, #cookie, table').count() == 0
    assert 'It is empty' not in text
    assert axe_violations(foreign_page) == []
    press_next(foreign_page, 'desktop')
    assert foreign_page.url == address
    assert session_table(foreign_page).keys() == LESSON


@pytest.mark.parametrize(
    ('action', 'status', 'line', 'next_line'),
    [
        ('del', '404', "del session['no such key']", "session.get('username')"),
        ('overflow', '413', "session['big'] = secrets.token_hex(4093)", 'session.clear()'),
    ],
)
def test_failed_line_is_shown(
    context: BrowserContext, address: str, action: str, status: str, line: str, next_line: str
) -> None:
    """An action that fails shows its line of Python and the reason; the session stays."""
    page = open_page(context, address)
    press_next(page, 'desktop')
    page.get_by_label('key').fill('no such key')

    page.locator(f'button[value={action}]').click()

    notice = page.locator('#last')
    expect(notice.locator('h2')).to_contain_text(status)
    assert notice.locator('pre').first.inner_text() == line
    expect(notice).to_be_focused()
    assert axe_violations(page) == []
    assert session_table(page).keys() == LESSON
    press_next(page, 'desktop')
    assert next_line in notice.locator('pre').first.inner_text()


@pytest.mark.parametrize(
    'value', ['garbage', '<b>bold</b>', 'a.b.c', 'eyJhIjoxfQ.awlTlw.signature', '.' * 1000]
)
def test_malformed_cookie_is_shown(context: BrowserContext, address: str, value: str) -> None:
    """A cookie that is no session cookie is shown as received, and starts the guided minute."""
    context.add_cookies([{'name': 'session', 'value': value, 'url': address}])

    page = open_page(context, address)

    shown = page.locator('pre.cookie').inner_text()
    assert shown == f'session={value}' or shown.endswith('…')
    page.evaluate('document.querySelectorAll("details").forEach(fold => fold.open = true)')
    assert value in page.locator('#cookie').inner_text()
    assert axe_violations(page) == []
    press_next(page, 'desktop')
    assert session_table(page).keys() == LESSON


def test_stopped_store_shows_a_page(
    context: BrowserContext, redis_program: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """While Redis is stopped, the page and its buttons show a styled 503, with a link to retry."""
    redis = RedisServer(tmp_path_factory.mktemp('redis'))
    settings = {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': redis.url}
    with redis, serve_page(**settings) as address:
        page = open_page(context, address)
        press_next(page, 'desktop')
        redis.stop()

        press_next(page, 'desktop')
        for lang, text in (
            ('en', 'The session store does not respond'),
            ('zh', '保存 session 的服务器没有响应'),
        ):
            assert page.locator('h1').inner_text().startswith('503')
            assert text in page.locator('main').inner_text()
            assert page.locator('#last, #do, #cookie, table').count() == 0
            assert axe_violations(page) == []
            if lang == 'en':
                response = page.goto(f'{address}?lang=zh')
                assert response is not None
                assert response.status == 503

        redis.start()
        press_next(page, 'desktop')
        expect(page.locator('#do')).to_be_visible()
        assert page.locator('html').get_attribute('lang') == 'zh-Hans'


def test_unknown_address_links_the_page(context: BrowserContext, address: str) -> None:
    """The 404 page of an unknown address links the playground."""
    page = context.new_page()
    response = page.goto(address.replace('/playground/', '/no-such-page'))

    assert response is not None
    assert response.status == 404
    assert axe_violations(page) == []
    page.get_by_role('link', name='Session playground').click()
    expect(page).to_have_url(address)
