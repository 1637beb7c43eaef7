"""The playground in a real browser: by mouse, by keyboard, with and without scripts."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.conftest import KEY, ROOT

CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
ARGUMENTS = [
    *('--disable-background-networking', '--disable-component-update', '--disable-gpu'),
    *('--disable-quic', '--disable-sync', '--no-first-run'),
    # Chromium's sandbox refuses root.
    *(['--no-sandbox'] if hasattr(os, 'geteuid') and os.geteuid() == 0 else []),
]
SCHEMES: tuple[Literal['light', 'dark'], ...] = ('light', 'dark')

if CHROMIUM is None:
    pytest.skip('no Chromium: apt-get install chromium, or google-chrome', allow_module_level=True)


@pytest.fixture(scope='module')
def address() -> Iterator[str]:
    command = '-m hypercorn quart_session_demo:app --workers 0 --bind 127.0.0.1:0'
    server = subprocess.Popen(
        [sys.executable, *command.split()],
        cwd=ROOT,
        env={**os.environ, 'QUART_SECRET_KEY': KEY},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        for line in server.stderr:
            if found := re.search(r'Running on (http://127\.0\.0\.1:\d+)', line):
                yield f'{found[1]}/playground/'
                break
        else:
            pytest.fail('the server did not start')
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture(scope='module')
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope='module')
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that must end without a console error or a request to another host."""
    context = browser.new_context()
    complaints: list[str] = []
    asked: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A page that is itself a 4xx is an error to the console as well.
        if message.type in ('error', 'warning') and 'a status of 4' not in message.text:
            complaints.append(message.text)

    context.on('console', listen)
    context.on('weberror', lambda error: complaints.append(str(error.error)))
    context.on('request', lambda request: asked.append(request.url))
    yield opened(context, address)
    context.close()
    assert complaints == []
    assert {url[: len(address)] for url in asked} == {address}


def click(page: Page, do: str) -> str:
    page.locator(f'button[value={do}]').first.click()
    return page.locator('#last').inner_text()


def press(page: Page, do: str) -> str:
    """Press a button with nothing but the keyboard."""
    page.locator('body').evaluate('body => document.activeElement.blur()')
    for _ in range(30):
        page.keyboard.press('Tab')
        if page.evaluate('document.activeElement.value') == do:
            break
    else:
        pytest.fail(f'{do} is not reached by the Tab key')
    assert page.evaluate('document.activeElement.matches(":focus-visible")')
    with page.expect_navigation():
        page.keyboard.press('Enter')
    return page.locator('#last').inner_text()


def rows(page: Page) -> dict[str, str]:
    cells = page.locator('tbody tr').all()
    return {row.locator('th').inner_text(): row.locator('td').first.inner_text() for row in cells}


def walk(page: Page, act: Any) -> None:
    """Do everything once, and look at what the page says after each."""
    page.get_by_label('value').fill('[1, "二"]')
    assert "session['username'] = [1, '二']" in act(page, 'set')
    assert rows(page) == {"'username'": "[1, '二']"}
    assert "→ [1, '二']" in act(page, 'get')
    assert "session.pop('username')" in act(page, 'pop')
    assert rows(page) == {}
    assert 'session.permanent = True' in act(page, 'lesson')
    lesson = {"'username'": "'zhiliao'", "'age'": '20', "'_permanent'": 'True'}
    assert rows(page) == lesson
    for kind in ('character', 'key', 'time'):
        assert 'is refused' in act(page, kind)
        assert rows(page) == lesson
    assert '413' in act(page, 'overflow')
    assert rows(page) == lesson
    assert 'session.permanent = False' in act(page, 'browser')
    assert 'session.permanent = True' in act(page, 'permanent')
    assert "del session['username']" in act(page, 'del')
    assert '404' in act(page, 'del')
    assert rows(page) == {"'age'": '20', "'_permanent'": 'True'}
    said = act(page, 'clear')
    assert 'Set-Cookie: session=;' in said
    assert 'is still accepted' in said
    assert rows(page) == {}


def test_playground_works_by_clicking(page: Page) -> None:
    walk(page, click)


def test_playground_works_by_keyboard(page: Page) -> None:
    walk(page, press)


def test_playground_works_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    walk(opened(context, address), click)
    context.close()


def test_what_was_typed_stays_after_every_button(page: Page) -> None:
    key, value = page.get_by_label('key'), page.get_by_label('value')
    value.fill('"typed"')
    for typed in ('mine', ''):
        key.fill(typed)
        for do in ('lesson', 'browser', 'permanent', 'character', 'key', 'time', 'overflow'):
            click(page, do)
            assert (key.input_value(), value.input_value()) == (typed, '"typed"'), do
    click(page, 'clear')
    assert (key.input_value(), value.input_value()) == ('', '"typed"')


def test_enter_in_a_field_sets_and_wants_a_key(page: Page) -> None:
    key, value = page.get_by_label('key'), page.get_by_label('value')
    value.fill('1')
    value.press('Enter')
    expect(page.locator('#last')).to_contain_text("session['username'] = 1")
    key.fill('other')
    key.press('Enter')
    expect(page.locator('#last')).to_contain_text("session['other'] = 1")
    key.fill('')
    key.press('Enter')
    assert key.evaluate('key => key.matches(":focus:invalid")')
    expect(page.locator('#last')).to_contain_text("session['other'] = 1")


def test_reload_repeats_nothing(page: Page) -> None:
    posts: list[str] = []
    page.on('request', lambda request: posts.append(request.method))
    click(page, 'lesson')

    page.reload()

    assert posts.count('POST') == 1
    assert page.locator('#last').count() == 0


def test_countdown_moves(page: Page) -> None:
    click(page, 'lesson')
    clock = page.get_by_role('timer')
    before = clock.inner_text()

    expect(clock).not_to_have_text(before)
    assert re.fullmatch(r'9 d 23:59:\d\d', clock.inner_text())


def test_document_cookie_does_not_show_the_session(page: Page) -> None:
    click(page, 'lesson')

    assert page.evaluate('document.cookie') == ''
    assert "document.cookie == ''" in page.locator('#script').inner_text()
    assert [cookie['name'] for cookie in page.context.cookies()] == ['session']


def test_closing_the_browser_ends_only_a_session_that_is_not_permanent(
    playwright: Playwright, address: str, tmp_path: Path
) -> None:
    def reopened() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=CHROMIUM, args=ARGUMENTS
        )

    with reopened() as context:
        click(opened(context, address), 'lesson')
    with reopened() as context:
        page = opened(context, address)
        assert "'username'" in rows(page)
        click(page, 'browser')
        assert "'username'" in rows(page)
    with reopened() as context:
        assert rows(opened(context, address)) == {}


# Another port is another origin of the same site; another host is another site.
@pytest.mark.parametrize('origin', ['http://127.0.0.1:9', 'http://another.example'])
def test_form_on_another_origin_cannot_change_the_session(
    browser: Browser, address: str, origin: str
) -> None:
    context = browser.new_context()
    click(opened(context, address), 'lesson')
    form = f'<form method="post" action="{address}"><button name="do" value="clear"></form>'
    context.route(f'{origin}/**', lambda route: route.fulfill(content_type='text/html', body=form))
    stranger = opened(context, f'{origin}/')

    with stranger.expect_response(address) as refusal:
        stranger.locator('button').click()

    assert refusal.value.status == 403
    assert "'username'" in rows(opened(context, address))
    context.close()


def test_chinese_page_is_chinese_throughout(page: Page, address: str) -> None:
    page.context.add_cookies(
        [{'name': 'session', 'value': 'garbage', 'domain': '127.0.0.1', 'path': '/'}]
    )
    page.goto(f'{address}?lang=zh')
    pages = ['garbage', 'lesson', 'get', 'character', 'key', 'time', 'browser', 'overflow', 'clear']
    for do in [*pages, 'del', 'character']:
        if do != 'garbage':
            click(page, do)

        assert re.findall('.*[，。：；、）！？] .*', page.locator('body').inner_text()) == [], do
        rest = page.locator('body').evaluate("""body => {
            body.querySelectorAll('code, [lang=en]').forEach(marked => marked.remove());
            return body.innerText;
        }""")
        assert re.findall('[A-Za-z]+ [A-Za-z]+ [A-Za-z]+', rest) == [], do
        page.goto(f'{address}?lang=zh')


def test_axe_finds_no_violation(page: Page, address: str) -> None:
    axe = (resources.files('axe_playwright_python') / 'axe.min.js').read_text('utf-8')
    for language, do in [('', None), ('', 'get'), ('', 'character'), ('?lang=zh', 'overflow')]:
        page.goto(address + language)
        if do:
            click(page, 'lesson')
            click(page, do)
        page.evaluate(axe)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate('axe.run().then(results => results.violations)')
            assert [(each['id'], each['nodes'][0]['html']) for each in found] == []


def test_focus_is_on_what_the_last_action_did(page: Page) -> None:
    for do in ('lesson', 'del', 'del', 'overflow'):
        click(page, do)
        assert page.evaluate('document.activeElement.id') == 'last', do


def test_forced_colours_keep_the_three_parts_apart(page: Page) -> None:
    click(page, 'lesson')
    page.emulate_media(forced_colors='active')

    colours = page.locator('.cookie mark').evaluate_all(
        'marks => marks.map(mark => getComputedStyle(mark).backgroundColor)'
    )

    assert page.evaluate('matchMedia("(forced-colors: active)").matches')
    assert len(set(colours)) == 3


def test_dates_do_not_break_inside_themselves(page: Page) -> None:
    click(page, 'lesson')
    for width in (320, 360, 480, 1280):
        page.set_viewport_size({'width': width, 'height': 800})
        lines = page.locator('time').evaluate_all(
            'times => times.map(time => time.getClientRects().length)'
        )
        assert lines == [1] * 4


def test_page_is_never_wider_than_the_screen(page: Page) -> None:
    page.get_by_label('key').fill('k' * 100)
    page.get_by_label('value').fill('v' * 1000)
    for do in ('set', 'character', 'overflow'):
        click(page, do)
        for width in (320, 360, 1280, 2560):
            page.set_viewport_size({'width': width, 'height': 800})
            assert page.evaluate('document.documentElement.scrollWidth') <= width


def test_long_value_leaves_room_for_its_key(page: Page) -> None:
    click(page, 'lesson')
    page.get_by_label('value').fill('v' * 1000)
    click(page, 'set')

    for width in (320, 360, 1280, 2560):
        page.set_viewport_size({'width': width, 'height': 800})
        lines = page.locator('tbody th code').evaluate_all(
            'keys => keys.map(key => key.getClientRects().length)'
        )
        assert lines == [1] * 3
        assert page.evaluate('document.documentElement.scrollWidth') <= width
