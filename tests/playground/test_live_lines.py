"""The lines of Python beside the buttons, into which a script writes what the user types."""

import json
import random
import struct
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from quart_session_demo.playground.actions import ACTION_LINES, ACTIONS_WITH_KEY, parse_value
from quart_session_demo.playground.long_text import MAX_LENGTH, shorten
from tests.browser import open_page

pytestmark = pytest.mark.browser

TYPE = """typed => typed.map(([key, value]) => {
    const form = document.getElementById('act');
    form.elements.key.value = key;
    form.elements.value.value = value;
    form.elements.value.dispatchEvent(new Event('input', {bubbles: true}));
    return document.querySelector('button[value=set] + code').textContent;
})"""
NUMBERS = [
    '0',
    '-0',
    '20',
    '9007199254740993',
    '-123456789012345678901234567890',
    '9' * 4300,
    '-' + '9' * 4300,
    '9' * 4301,
    '-' + '9' * 4301,
    '[1, ' + '9' * 4301 + ']',
    '1.0',
    '1.50',
    '0.1',
    '-0.0',
    '-0e5',
    '-1e-999',
    '1e5',
    '1E5',
    '1e+5',
    '1e15',
    '1e16',
    '9999999999999998.0',
    '123456789012345678.0',
    '1e20',
    '1e21',
    '1e22',
    '1e100',
    '0.0001',
    '0.00012345',
    '0.00001',
    '1.5e-7',
    '5e-324',
    '2.2250738585072014e-308',
    '1.7976931348623157e308',
    '1e999',
    '-1e999',
    '[1e999]',
    '1' + '0' * 400 + '.0',
    '0.' + '0' * 400 + '1',
    '01',
    '1.',
    '.5',
    '+1',
    '0x10',
    '1_000',
    '1e',
    '-',
    '\u0661',
]
TEXTS = [
    '',
    ' ',
    'text',
    ' spaces around ',
    'true',
    ' false\t',
    'null',
    'True',
    'None',
    'NaN',
    '[NaN]',
    'Infinity',
    '-Infinity',
    'undefined',
    'constructor',
    '中文',
    '"二"',
    "it's",
    'a "quoted" word',
    """both ' and \"""",
    """"it's" """,
    """'several' of 'both' "kinds\"""",
    r'"a \"quoted\" it\'s"',
    r'"both \" and ' + "'" + '"',
    'C:\\new',
    r'"C:\\new\t\n\r\b\f\/"',
    r'"\u0000\u001f\u007f\u00a0\u00ad\u200b\u2028\ufeff"',
    '\x00\x1b\x7f\x80\xa0\xad\u200b\u2028\u3000\ue000\ufeff\uffff',
    r'"\ud83d\ude00"',
    r'"\ud800"',
    r'"\ud800\ud83d\ude00\udc00"',
    r'["\udfff", "\ud83dx"]',
    r'{"\ud800": 1}',
    r'"\x41"',
    r'"\u12"',
    '"raw \t tab"',
    '"open',
    '😀 👩\u200d👩\u200d👧 🇨🇳 é e\u0301 \U000e0041 \U0010ffff',
    '<script>alert(1)</script>&amp;',
    '{key} {value} {limit} $& $1 %s',
    '"{key}{value}"',
    '\ufeff1',
    '\xa01',
    ' 1 ',
]
CONTAINERS = [
    '[]',
    '{}',
    '[[], {}]',
    '[ 1 ,2,  [true,{"a":null}] ]',
    '[1, "二"]',
    '{"b": 1, "a": 2}',
    '{"b": 1, "2": 2, "1": 3}',
    '{"a": 1, "b": 2, "a": 3}',
    '{"a": {"x": 1}, "b": 2, "a": []}',
    '{"__proto__": 1, "constructor": [2], "toString": {}}',
    '{"__proto__": {"a": 1}, "": ""}',
    '{"{key}": "[1, {}]", "true": "null", "1.0": "1.0"}',
    r'{"\"": "it' + "'" + r's", "a\\": "\\\""}',
    '[1.0, -0, 1e5, 12345678901234567890]',
    '{"a": "' + 'v' * 300 + '"}',
    '[1,]',
    '{a: 1}',
    "{'a': 1}",
    '[1] 2',
    '{"a"}',
    '// 1',
    '[' * 50 + ']' * 50,
]
LONG = [character * (MAX_LENGTH + more) for character in 'v😀' for more in (-3, -2, -1, 0, 1)]


@pytest.fixture(scope='module')
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Yield a page that the tests of this module share: they only type."""
    context = browser.new_context()
    yield open_page(context, address)
    context.close()


def live_lines(page: Page, typed: list[tuple[str, str]]) -> list[str]:
    """Return the line of `set` after each pair of a key and a value is typed."""
    # The last pair is short: to lay out a line of a million characters takes seconds.
    lines: list[str] = page.evaluate(TYPE, [*typed, ('k', '')])
    return lines[:-1]


def server_line(key: str, text: str) -> str:
    """Return the line of `set` that the server shows after the action."""
    value = shorten(repr(parse_value(text)))
    return ACTION_LINES['set'].format(key=shorten(repr(key)), value=value)


def assert_as_on_server(page: Page, typed: list[tuple[str, str]]) -> None:
    """Check that the page and the server show the same lines."""
    expected = [server_line(*pair) for pair in typed]
    for pair, line, other in zip(typed, live_lines(page, typed), expected, strict=True):
        assert line == other, pair


def is_known(character: str) -> bool:
    """Return whether a field can hold the character, and this Python's Unicode has it."""
    return character not in '\r\n' and unicodedata.category(character) not in ('Cn', 'Cs')


CHARACTERS = st.characters(exclude_characters='\r\n', exclude_categories=['Cn', 'Cs'])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    'texts',
    [NUMBERS, TEXTS, CONTAINERS, LONG],
    ids=['numbers', 'texts', 'containers', 'long'],
)
def test_line_is_as_on_the_server(page: Page, texts: list[str]) -> None:
    """A typed value is shown as the server shows it after the action."""
    assert_as_on_server(page, [('k', text) for text in texts])


def test_key_is_as_on_the_server(page: Page) -> None:
    """A typed key is always a string, and is shown as the server shows it."""
    keys = [text for text in [*NUMBERS, *TEXTS, *CONTAINERS] if text]

    assert_as_on_server(page, [(key, '3') for key in keys])


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    key=st.text(CHARACTERS, min_size=1),
    text=st.text(CHARACTERS) | JSON.map(json.dumps) | st.from_regex(r'\A-?[0-9]+\.[0-9]+\Z'),
)
def test_any_line_is_as_on_the_server(page: Page, key: str, text: str) -> None:
    """The page and the server show the same line for any key and value."""
    assert_as_on_server(page, [(key, text)])


def test_any_float_is_as_on_the_server(page: Page) -> None:
    """Floats of every size are shown with Python's digits and exponent."""
    generator = random.Random(19)  # noqa: S311
    bits = [generator.getrandbits(64) for _ in range(2000)]
    floats = [struct.unpack('d', struct.pack('Q', number))[0] for number in bits]
    floats += [generator.uniform(-1, 1) * 10 ** generator.randint(-8, 24) for _ in range(2000)]
    texts = [json.dumps(number) for number in floats]

    assert_as_on_server(page, [('k', text) for text in texts])


def test_every_character_is_as_on_the_server(page: Page) -> None:
    """Characters that Python does not print are shown by their number, all others unchanged."""
    key = ''.join(filter(is_known, map(chr, range(0x110000))))

    [line] = live_lines(page, [(key, '3')])

    # Not in the assertion, whose message would be a million characters long.
    same = line == server_line(key, '3')
    assert same


def test_refused_input_shows_a_name(page: Page) -> None:
    """An empty key, and a value of thousands of levels, are shown by the name of their field."""
    deep = '[' * 8000 + ']' * 8000

    assert live_lines(page, [('', '3'), ('k', deep)]) == [
        'session[key] = 3',
        "session['k'] = value",
    ]


def test_lines_follow_each_keystroke(page: Page, address: str) -> None:
    """Every line shows the key and the value at once, from the form's first texts on."""
    page.goto(address)
    # Some buttons are offered only with a session.
    page.get_by_role('button', name='Start').click()
    page.locator('#last').wait_for()
    line = {action: page.locator(f'button[value={action}] + code').first for action in ACTION_LINES}

    assert line['set'].inner_text() == "session['username'] = 'zhiliao'"
    others = {
        action: code.inner_text()
        for action, code in line.items()
        if action not in ACTIONS_WITH_KEY and code.count()
    }
    page.get_by_label('key').fill('')
    page.get_by_label('key').press_sequentially('cart')
    page.get_by_label('value').fill('')
    page.get_by_label('value').press_sequentially('3')
    for action in ACTIONS_WITH_KEY:
        expected = ACTION_LINES[action].format(key="'cart'", value='3')
        assert line[action].inner_text() == expected
    page.get_by_label('value').press_sequentially('x')
    assert line['set'].inner_text() == "session['cart'] = '3x'"
    assert {action: line[action].inner_text() for action in others} == others


def test_line_is_the_line_of_the_outcome(browser: Browser, address: str) -> None:
    """After the action the server shows the line that stood beside the button."""
    context = browser.new_context()
    page = open_page(context, address)
    for key, value in [('cart', '{"2": 1.50, "1": "it\'s"}'), ('二"', '\ta\\'), ('k', 'v' * 999)]:
        page.get_by_label('key').fill(key)
        page.get_by_label('value').fill(value)
        line = page.locator('button[value=set] + code').inner_text()

        with page.expect_navigation():
            page.locator('button[value=set]').click()

        assert page.locator('#last pre code').first.text_content() == line
        assert page.locator('button[value=set] + code').inner_text() == line
    context.close()


def test_lines_without_scripts_show_names(browser: Browser, address: str) -> None:
    """Without scripts the lines show `key` and `value`."""
    context = browser.new_context(java_script_enabled=False)
    page = open_page(context, address)
    page.get_by_role('button', name='Start').click()
    page.locator('#last').wait_for()
    page.get_by_label('key').fill('cart')

    for action in ACTIONS_WITH_KEY:
        line = page.locator(f'button[value={action}] + code').inner_text()
        assert line == ACTION_LINES[action].format(key='key', value='value')
    context.close()
