"""The load generator's users: what they send, capture and check."""

from pathlib import Path

import pytest

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.files import File
from quart_session_demo.compare.harness.servers import run_servers
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load.scenarios import Exchange
from tests.compare.load.generated_load import measure_server, server_command

ECHOED = 'shop | text/plain | 会 | {} | */*a=b'


@pytest.mark.parametrize(
    ('behavior', 'exchange', 'failure'),
    [
        ('Ok', Exchange(Step('hello', '/'), body='hello'), 'hello: unexpected body'),
        (
            'Ok',
            Exchange(Step('hello', '/'), status=404),
            'hello: status 200 instead of 404',
        ),
        (
            'Echo',
            Exchange(Step('finds', '/', capture={'t': 'Host: (nowhere)'})),
            "finds: capture 't' found nothing",
        ),
    ],
)
def test_incorrect_responses_are_failures(behavior: str, exchange: Exchange, failure: str) -> None:
    """A wrong body or status, or a capture that finds nothing, is a failure and not measured."""
    # The second exchange uses the capture; it is never sent.
    result = measure_server(behavior, exchange, Exchange(Step('uses', '/$t')))

    assert result.requests == 0
    assert list(result.failures) == [failure]
    assert result.failures[failure] >= 2


def test_users_send_headers_form_and_cookies() -> None:
    """A user sends a step's own headers and form, and the cookies it got, as parity does."""
    headers = {'host': 'shop', 'content-type': 'text/plain', 'X-Own': '会'}
    step = Step('steps', '/', method='POST', headers=headers, form={'a': 'b'})
    first = Exchange(step, body=ECHOED.format(''))
    second = Exchange(step, body=ECHOED.format('a=b'))

    result = measure_server('Echo', first, second)

    assert result.failures == {}
    assert result.responses > 0


def test_users_send_the_same_bodies_as_parity(tmp_path: Path) -> None:
    """A user encodes JSON, repeated fields, files and a raw body as a user of parity does."""
    (tmp_path / 'data').write_bytes(b'\xff\x00')
    form: dict[str, str | list[str]] = {'a': ['1', '2']}
    files = {'f': [File(name='会.txt', content='x'), File(path=str(tmp_path / 'data'))]}
    steps = [
        Step('json', '/', method='POST', json={'list': [1, 'two 会'], 'none': None}),
        Step('form', '/', method='POST', form=form),
        Step('files', '/', method='POST', form=form, files={**files}),
        Step('body', '/', method='POST', body='会'),
        Step('body with a type', '/', method='POST', body='1', headers={'Content-Type': 'a/b'}),
        Step('own cookie', '/', headers={'Cookie': 'own=1'}),
    ]
    user = SimulatedUser()
    with run_servers(server_command('load_server', 'Echo')) as [server], make_client() as client:
        exchanges = [
            Exchange(step, body=user.send(client, server.url, step).body) for step in steps
        ]

    result = measure_server('Echo', *exchanges)

    assert (exchanges[0].body or '').endswith('{"list":[1,"two 会"],"none":null}')
    assert (exchanges[-1].body or '').count('own=1') == 1
    assert result.failures == {}
    assert result.responses > 0


@pytest.mark.parametrize(
    'step',
    [
        Step('get', '/a?b=c'),
        Step('escaped', '/会/%20 "{}"?x=[y]#fragment'),
        Step('empty post', '/', method='POST'),
        Step('patch', '/', method='PATCH', body='x'),
        Step('delete', '/', method='DELETE'),
        Step('options', '/', method='OPTIONS'),
        Step('dollar', '/$$', headers={'x-dollar': '$$'}),
        Step('own headers', '/', headers={'user-agent': 'x', 'accept-encoding': 'identity'}),
        Step('own length', '/', method='PUT', body='ab', headers={'Content-Length': '2'}),
    ],
    ids=lambda step: step.name,
)
def test_users_send_the_same_requests_as_parity(step: Step) -> None:
    """A user's request line, headers and body are those of a user of parity, in any order."""
    first = Step('first', '/', capture={'word': '(GET)'})
    with run_servers(server_command('load_server', 'Raw')) as [server], make_client() as client:
        user = SimulatedUser()
        user.send(client, server.url, first)
        expected = user.send(client, server.url, step).body

    result = measure_server('Raw', Exchange(first), Exchange(step, body=expected))

    assert result.failures == {}
    assert result.responses > 0


def test_users_store_cookies_with_a_domain() -> None:
    """A user sends all cookies of a response, also one with a Domain."""
    first, second = Step('first', '/'), Step('second', '/')

    result = measure_server('Domain', Exchange(first, body=''), Exchange(second, body='a=b; c=d'))

    assert result.failures == {}
    assert result.responses > 0


def test_users_of_a_step_have_separate_cookies() -> None:
    """Each user of a steps file has cookies of its own, also if one load user plays all."""
    step = Step('first', '/')
    other = Step('second', '/', user='other')

    result = measure_server(
        'Domain',
        Exchange(step, body=''),
        Exchange(other, body=''),
        Exchange(step, body='a=b; c=d'),
        Exchange(other, body='a=b; c=d'),
    )

    assert result.failures == {}
    assert result.responses > 0


@pytest.mark.parametrize(
    ('body', 'failures'), [('token=x1, 1 item', []), ('token=x1, 2 items', ['t: unexpected body'])]
)
def test_random_values_may_differ(body: str, failures: list[str]) -> None:
    """A page with another token than the expected one is correct if all else is equal."""
    step = Step('t', '/', capture={'token': r'token=(\w+)'})

    result = measure_server('Token', Exchange(step, 200, body, {'t: capture.token': 'x1'}))

    assert list(result.failures) == failures
    assert bool(result.requests) is not bool(failures)


def test_capture_decodes_the_response_charset() -> None:
    """A capture searches the text that the response's charset gives, and its value is sent."""
    finds = Step('finds', '/', capture={'drink': r'drink: (\w+)$'})
    uses = Step('uses', '/$drink', headers={'X-Drink': '$drink'})

    result = measure_server('Latin1', Exchange(finds), Exchange(uses))

    assert result.failures == {}
    assert result.responses > 0


def test_compressed_responses_are_decompressed() -> None:
    """A compressed body is compared as text; one that cannot be decompressed is a failure."""
    good, bad = Step('good', '/good'), Step('bad', '/bad')

    result = measure_server('Gzip', Exchange(good, body='compressed'), Exchange(bad))

    assert list(result.failures) == ['bad: the body cannot be decompressed']
    assert result.responses > 0


def test_captured_line_break_is_not_sent() -> None:
    """A captured value with a line break cannot add a header: the request is a failure."""
    finds = Step('finds', '/', capture={'text': r'(token=\w+,\s1)'})
    uses = Step('uses', '/', headers={'X-Text': '$text\r\nX-Forged: 1'})

    result = measure_server('Token', Exchange(finds), Exchange(uses))

    assert list(result.failures) == ['uses: no response: a header has a line break']
