"""The page in a real browser: by mouse, by keyboard, with and without scripts."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.browser import ARGUMENTS, CHROMIUM, WIDTHS, axe_violations, open_page, record_errors

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Yield the page, which must log no error and send no request elsewhere."""
    context = browser.new_context()
    errors = record_errors(context)
    urls: list[str] = []
    context.on('request', lambda request: urls.append(request.url))
    yield open_page(context, address)
    context.close()
    assert errors == []
    assert {url[: len(address)] for url in urls} == {address}


def click(page: Page, action: str) -> str:
    """Click a button, and return the text that reports the outcome."""
    with page.expect_navigation():
        page.locator(f'button[value={action}]').first.click()
    return page.locator('#last').inner_text()


def press(page: Page, action: str) -> str:
    """Press a button by keyboard only, and return the text that reports the outcome."""
    page.locator('body').evaluate('body => document.activeElement.blur()')
    for _ in range(30):
        page.keyboard.press('Tab')
        if page.evaluate('document.activeElement.value') == action:
            break
    else:
        pytest.fail(f'the Tab key does not reach {action}')
    assert page.evaluate('document.activeElement.matches(":focus-visible")')
    with page.expect_navigation():
        page.keyboard.press('Enter')
    return page.locator('#last').inner_text()


def rows(page: Page) -> dict[str, str]:
    """Return the keys and values in the page's table."""
    cells = page.locator('tbody tr').all()
    return {row.locator('th').inner_text(): row.locator('td').first.inner_text() for row in cells}


def walk(page: Page, act: Callable[[Page, str], str]) -> None:
    """Run every action, and check what the page shows after each."""
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
        assert 'refuses the copy' in act(page, kind)
        assert rows(page) == lesson
    assert '413' in act(page, 'overflow')
    assert rows(page) == lesson
    assert 'session.permanent = False' in act(page, 'browser')
    assert 'session.permanent = True' in act(page, 'permanent')
    assert "del session['username']" in act(page, 'del')
    assert '404' in act(page, 'del')
    assert rows(page) == {"'age'": '20', "'_permanent'": 'True'}
    report = act(page, 'clear')
    assert 'Set-Cookie: session=;' in report
    assert rows(page) == {}
    assert 'Clearing did not revoke it.' in act(page, 'replay')
    assert rows(page) == {}


def test_page_works_by_mouse(page: Page) -> None:
    """Every action works by mouse."""
    walk(page, click)


def test_page_works_by_keyboard(page: Page) -> None:
    """Every action works by keyboard alone."""
    walk(page, press)


def test_page_works_without_scripts(browser: Browser, address: str) -> None:
    """Every action works in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    walk(open_page(context, address), click)
    context.close()


def test_form_stays_after_every_button(page: Page) -> None:
    """What the user typed stays in the fields after each action."""
    key, value = page.get_by_label('key'), page.get_by_label('value')
    value.fill('"typed"')
    for typed in ('mine', ''):
        key.fill(typed)
        for action in ('lesson', 'browser', 'permanent', 'character', 'key', 'time', 'overflow'):
            click(page, action)
            assert (key.input_value(), value.input_value()) == (typed, '"typed"'), action
    click(page, 'clear')
    assert (key.input_value(), value.input_value()) == ('', '"typed"')


def test_enter_sets_and_requires_a_key(page: Page) -> None:
    """The Enter key in a field sets the value; without a key the browser sends nothing."""
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
    """A reload does not repeat the action, nor its message."""
    methods: list[str] = []
    page.on('request', lambda request: methods.append(request.method))
    click(page, 'lesson')

    page.reload()

    assert methods.count('POST') == 1
    assert page.locator('#last').count() == 0


def test_countdown_moves(page: Page) -> None:
    """The time to the expiry counts down."""
    click(page, 'lesson')
    clock = page.get_by_role('timer')
    before = clock.inner_text()

    expect(clock).not_to_have_text(before)
    assert re.fullmatch(r'9 d 23:59:\d\d', clock.inner_text())


def test_script_cannot_read_the_session(page: Page) -> None:
    """`document.cookie` is empty, and the page shows that."""
    click(page, 'lesson')

    assert page.evaluate('document.cookie') == ''
    page.get_by_text('Attributes of the cookie').click()
    assert "document.cookie == ''" in page.locator('#script').inner_text()
    assert [cookie['name'] for cookie in page.context.cookies()] == ['session']


def test_closed_browser_deletes_nonpermanent_session(
    playwright: Playwright, address: str, tmp_path: Path
) -> None:
    """A permanent session remains after the browser is closed, another one does not."""

    def reopen() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=CHROMIUM, args=ARGUMENTS
        )

    with reopen() as context:
        click(open_page(context, address), 'lesson')
    with reopen() as context:
        page = open_page(context, address)
        assert "'username'" in rows(page)
        click(page, 'browser')
        assert "'username'" in rows(page)
    with reopen() as context:
        assert rows(open_page(context, address)) == {}


# What a text in the other language would be: Chinese characters, or several English words.
FOREIGN = {
    'en': '.*[\u3000-\u9fff\uff00-\uffef].*',
    'zh': '[A-Za-z]+ [A-Za-z]+ [A-Za-z]+',
}


@pytest.mark.parametrize('language', FOREIGN)
def test_page_is_in_one_language(page: Page, address: str, language: str) -> None:
    """All texts are in one language; Chinese ones have no space after their punctuation."""
    page.context.add_cookies(
        [{'name': 'session', 'value': 'garbage', 'domain': '127.0.0.1', 'path': '/'}]
    )
    page.goto(f'{address}?lang={language}')
    old_tab: Page | None = None
    actions = ['lesson', 'get', 'character', 'key', 'time', 'browser', 'overflow', 'del', 'del']
    # The first page shows the garbage cookie. The last action has no session to copy.
    for action in [None, *actions, 'clear', 'replay', 'old tab']:
        if action == 'clear':
            old_tab = open_page(page.context, page.url)
        if action == 'old tab':
            assert old_tab is not None
            page = old_tab
            assert '409' in click(page, 'character')
        elif action:
            click(page, action)

        page.evaluate('document.querySelectorAll("details").forEach(fold => fold.open = true)')
        assert re.findall('.*[，。：；、）！？] .*', page.locator('body').inner_text()) == [], (
            action
        )
        rest = page.locator('body').evaluate(
            """(body, language) => {
            const other = `code, [lang]:not([lang^=${language}])`;
            body.querySelectorAll(other).forEach(marked => marked.remove());
            return body.innerText;
        }""",
            language,
        )
        assert re.findall(FOREIGN[language], rest) == [], action
        page.goto(f'{address}?lang={language}')


CONTENTS = {
    'plain': ('zhiliao', False),
    'Chinese': ('知了', False),
    'compressed': ('知了' * 500, True),
}


@pytest.mark.parametrize('name', CONTENTS)
def test_commands_decode_the_payload(page: Page, name: str) -> None:
    """The three commands that the page shows print the session's content, in any Python."""
    value, compressed = CONTENTS[name]
    page.get_by_label('value').fill(value)
    click(page, 'set')
    page.get_by_text('Decode it yourself').click()
    commands = page.locator('details pre code').inner_text()
    assert len(commands.splitlines()) == 3
    assert ('zlib' in commands) == compressed

    # Isolated: the commands need no package.
    run = [sys.executable, '-I', '-X', 'utf8', '-c', commands]
    printed = subprocess.run(run, capture_output=True, check=True, encoding='utf-8').stdout

    assert ast.literal_eval(printed) == {'username': value}


def test_axe_finds_no_violation(page: Page, address: str) -> None:
    """The page violates no accessibility rule of axe, in both color schemes."""
    for query, action in [('', None), ('', 'get'), ('', 'character'), ('?lang=zh', 'overflow')]:
        page.goto(address + query)
        if action:
            click(page, 'lesson')
            click(page, action)
        assert axe_violations(page) == []


def test_focus_is_on_the_outcome(page: Page) -> None:
    """After an action the focus is on its outcome, so that a screen reader reads it."""
    for action in ('lesson', 'del', 'del', 'overflow'):
        click(page, action)
        assert page.evaluate('document.activeElement.id') == 'last', action


def test_forced_colors_keep_three_colors(page: Page) -> None:
    """The parts of the cookie have three colors, also where the user forces other colors."""
    click(page, 'lesson')
    page.emulate_media(forced_colors='active')

    colors = page.locator('.cookie mark').evaluate_all(
        'marks => marks.map(mark => getComputedStyle(mark).backgroundColor)'
    )

    assert page.evaluate('matchMedia("(forced-colors: active)").matches')
    assert len(set(colors)) == 3


def test_dates_are_on_one_line(page: Page) -> None:
    """No date is broken into two lines, at any width."""
    click(page, 'lesson')
    for width in WIDTHS:
        page.set_viewport_size({'width': width, 'height': 800})
        lines = page.locator('time').evaluate_all(
            'times => times.map(time => time.getClientRects().length)'
        )
        assert lines == [1] * 4


def test_page_is_not_wider_than_the_screen(page: Page) -> None:
    """Long keys and values do not make the page wider than the screen."""
    page.get_by_label('key').fill('k' * 100)
    page.get_by_label('value').fill('v' * 1000)
    for action in ('set', 'character', 'overflow'):
        click(page, action)
        for width in WIDTHS:
            page.set_viewport_size({'width': width, 'height': 800})
            assert page.evaluate('document.documentElement.scrollWidth') <= width


def test_long_value_leaves_room_for_keys(page: Page) -> None:
    """A long value does not break its key into lines."""
    click(page, 'lesson')
    page.get_by_label('value').fill('v' * 1000)
    click(page, 'set')

    for width in WIDTHS:
        page.set_viewport_size({'width': width, 'height': 800})
        lines = page.locator('tbody th code').evaluate_all(
            'keys => keys.map(key => key.getClientRects().length)'
        )
        assert lines == [1] * 3
        assert page.evaluate('document.documentElement.scrollWidth') <= width
