"""Which texts are equal but for the random values of each app."""

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from flask import Flask
from flask import json as flask_json
from itsdangerous import URLSafeTimedSerializer
from markupsafe import escape

from quart_session_demo.compare.harness.random_values import (
    equal_beginnings,
    equal_texts,
    values_in,
)

SYNC = {'token': 'c0ffee', 'id': '17'}
ASYNC = {'token': 'f00d', 'id': '4'}


def same(sync: str, async_: str) -> bool:
    """Return whether two texts are equal but for the values of `SYNC` and `ASYNC`."""
    return equal_texts(sync, SYNC, async_, ASYNC)


@pytest.mark.parametrize(
    ('sync', 'async_'),
    [
        ('value="c0ffee"', 'value="f00d"'),
        ('c0ffee', 'f00d'),
        ('c0ffee c0ffee 17', 'f00d f00d 4'),
        ('/orders/17', '/orders/4'),
        ('id="order-17"', 'id="order-4"'),
        ('order 17.', 'order 4.'),
        ('[17,17]', '[4,4]'),
        ('?next=%2Forders%2F17', '?next=%2Forders%2F4'),
        (r'"order\n17"', r'"order\n4"'),
        (r'"\u003cb\u003e17"', r'"\u003cb\u003e4"'),
        # Each side has its value, and the 17 of both is no value.
        ('17 items, order 17', '17 items, order 4'),
        ('17', '17'),
        ('no value', 'no value'),
    ],
)
def test_values_count_as_equal(sync: str, async_: str) -> None:
    """At the place of its value an app may have any other value of that name."""
    assert same(sync, async_)


@pytest.mark.parametrize(
    ('sync', 'async_'),
    [
        # The rest of the text differs.
        ('c0ffee, 2 items', 'f00d, 3 items'),
        ('17 items', '4 item'),
        # On one side only, another number of times, or at another place.
        ('c0ffee', ''),
        ('c0ffee', 'token'),
        ('', 'f00d'),
        ('c0ffee', 'f00d f00d'),
        ('c0ffee, x', 'x, f00d'),
        # The value of another name, or of the other app.
        ('c0ffee', '4'),
        ('f00d', 'c0ffee'),
        # Inside a longer word or number.
        ('c0ffee1', 'f00d1'),
        ('xc0ffee', 'xf00d'),
        ('éc0ffee', 'éf00d'),
        ('1789', '489'),
        ('item17', 'item4'),
        ('17.5', '4.5'),
        ('1.17', '1.4'),
        # A text that looks like a name of a value.
        ('c0ffee', '{token}'),
        ('c0ffee', 'capture.token'),
    ],
)
def test_other_differences_are_found(sync: str, async_: str) -> None:
    """Nothing but a whole value in the place of the value of the same name counts as equal."""
    assert not same(sync, async_)


@pytest.mark.parametrize('value', ['a+b/c==', '<&>"\'', 'tea & "cake"', 'é 你好', 'a\\b', 'x\ny'])
@pytest.mark.parametrize(
    'encode',
    [
        str,
        escape,
        html.escape,
        quote,
        lambda value: quote(value, safe=''),
        quote_plus,
        json.dumps,
        lambda value: json.dumps(value, ensure_ascii=False),
        lambda value: repr([value]),
        lambda value: repr(value.encode() + b'\xff'),
    ],
)
def test_values_may_be_escaped(value: str, encode: Callable[[str], object]) -> None:
    """A value that both apps escape in the same way counts as equal."""
    sync, async_ = {'v': value}, {'v': 'plain'}

    assert equal_texts(f'({encode(value)})', sync, f'({encode("plain")})', async_)


def test_values_in_a_template_count() -> None:
    """The filter `tojson` escapes < and & in its own way."""
    with Flask('app').app_context():
        text = flask_json.dumps('<&').replace('<', '\\u003c').replace('&', '\\u0026')

    assert equal_texts(text, {'v': '<&'}, '"plain"', {'v': 'plain'})


def test_value_that_one_app_escapes_is_a_difference() -> None:
    """An app that does not escape its value differs from one that does."""
    assert not equal_texts('<b>a&lt;b</b>', {'v': 'a<b'}, '<b>c<d</b>', {'v': 'c<d'})


def test_captured_value_may_be_escaped() -> None:
    """A value that was captured from HTML or a URL is found where it is not escaped."""
    sync, async_ = {'v': 'a&amp;b'}, {'v': 'c&amp;d'}

    assert equal_texts("'a&b'", sync, "'c&d'", async_)
    assert equal_texts("'a b'", {'v': 'a%20b'}, "'c d'", {'v': 'c%20d'})


def test_empty_value_counts_nowhere() -> None:
    """A value that is empty on one side matches no text of the other side."""
    assert not equal_texts('token=', {'v': ''}, 'token=f00d', {'v': 'f00d'})


def test_overlapping_values_count() -> None:
    """A value that is a part of another one does not hide it."""
    sync, async_ = {'a': 'aa', 'b': 'aa.bb'}, {'a': 'cc', 'b': 'dd'}

    assert equal_texts('aa.bb aa', sync, 'dd cc', async_)
    assert not equal_texts('aa.bb aa', sync, 'cc dd', async_)


def test_value_with_two_names_counts_as_both() -> None:
    """If two values are equal in one app only, the other app may have either of them."""
    sync, async_ = {'first': 'x', 'second': 'x'}, {'first': 'y', 'second': 'z'}

    assert equal_texts('x x', sync, 'y z', async_)


@pytest.mark.parametrize('length', [20, 200])
def test_signed_values_count(length: int) -> None:
    """The token of Flask-WTF, signed anew for each page, counts as the session's token."""
    sync, async_ = (
        URLSafeTimedSerializer(key, salt='wtf-csrf-token').dumps(letter * length)
        for key, letter in (('1', 'a'), ('2', 'b'))
    )
    values = {'v': 'a' * length}, {'v': 'b' * length}

    assert equal_texts(f'"{sync}"', values[0], f'"{async_}"', values[1])
    assert not equal_texts(f'"{sync}"', values[0], f'"{async_}"', {'v': 'c' * length})
    assert not equal_texts(f'"{sync}"', values[0], f'"{async_.rpartition(".")[0]}"', values[1])


def test_beginnings_end_at_the_first_difference() -> None:
    """The values do not hide where the texts really differ."""
    assert equal_beginnings('c0ffee, 2 items', SYNC, 'f00d, 3 items', ASYNC) == (8, 6)


def test_long_texts_with_many_values_are_compared() -> None:
    """A page of 1 MB with thousands of values of many steps is compared, in about a second."""
    sync, async_ = (
        {f'step {number}: token': value for number in range(100)} for value in ('c0ffee', 'f00d')
    )
    rows = [f'<tr><td>{number}<td class="{"x" * 80}">%s' for number in range(10_000)]
    page = '\n'.join(rows)

    assert equal_texts(page.replace('%s', 'c0ffee'), sync, page.replace('%s', 'f00d'), async_)
    changed = page.replace('<td>9999<', '<td>9998<')
    assert not equal_texts(
        page.replace('%s', 'c0ffee'), sync, changed.replace('%s', 'f00d'), async_
    )


@pytest.mark.parametrize(
    ('content', 'values'),
    [
        ('c0ffee', {'s': 'c0ffee'}),
        (17, {'s': '17'}),
        (b'\xff', {'s': r'\xff'}),
        (['a', {'b': ('c', 1.5)}], {'s[0]': 'a', 's[1].b[0]': 'c', 's[1].b[1]': '1.5'}),
        ([True, None], {}),
    ],
)
def test_values_in_a_session_may_be_nested(content: object, values: dict[str, str]) -> None:
    """Each text and number of a list or dict is a value; True, False and None are not."""
    assert dict(values_in('s', content)) == values
