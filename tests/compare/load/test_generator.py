"""The load generator's users: what they send, capture and check."""

from pathlib import Path

import pytest

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.files import File
from quart_session_demo.compare.harness.servers import run_servers
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load import runner
from quart_session_demo.compare.load.scenarios import Exchange
from tests.compare.load.conftest import measure_server, server_command

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
def test_incorrect_responses_are_failures(
    behavior: str, exchange: Exchange, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong body or status, or a capture that finds nothing, is a failure and not measured."""
    # Do not wait for a failing server to exit.
    monkeypatch.setattr(runner, 'GRACE_SECONDS', 0)
    # The second exchange uses the capture; it is never sent.
    sample = measure_server(behavior, exchange, Exchange(Step('uses', '/$t'))).sample

    assert sample
    assert sample.requests_per_second == 0
    assert list(sample.failures) == [failure]
    assert sample.failures[failure] >= 2


def test_users_send_headers_form_and_cookies() -> None:
    """A user sends a step's own headers and form, and the cookies it got, as parity does."""
    headers = {'host': 'shop', 'content-type': 'text/plain', 'X-Own': '会'}
    step = Step('steps', '/', method='POST', headers=headers, form={'a': 'b'})
    first = Exchange(step, body=ECHOED.format(''))
    second = Exchange(step, body=ECHOED.format('a=b'))

    sample = measure_server('Echo', first, second).sample

    assert sample
    assert sample.failures == {}
    assert sample.requests_per_second > 0


def test_users_send_the_same_json_as_parity() -> None:
    """A user encodes JSON exactly as the user of a parity run does."""
    step = Step('json', '/', method='POST', json={'list': [1, 'two 会'], 'none': None})
    cookie, user = Step('cookie', '/'), SimulatedUser()
    with run_servers(server_command('Echo')) as [server], make_client() as client:
        user.send(client, server.url, cookie)
        expected = user.send(client, server.url, step).body

    sample = measure_server('Echo', Exchange(cookie), Exchange(step, body=expected)).sample

    assert sample
    assert expected.endswith('{"list":[1,"two 会"],"none":null}')
    assert list(sample.failures) == []


def test_users_send_the_same_bodies_as_parity(tmp_path: Path) -> None:
    """A user encodes repeated fields, files and a raw body as the user of a parity run does."""
    (tmp_path / 'data').write_bytes(b'\xff\x00')
    form: dict[str, str | list[str]] = {'a': ['1', '2']}
    files = {'f': [File(name='会.txt', content='x'), File(path=str(tmp_path / 'data'))]}
    steps = [
        Step('form', '/', method='POST', form=form),
        Step('files', '/', method='POST', form=form, files={**files}),
        Step('body', '/', method='POST', body='会'),
        Step('body with a type', '/', method='POST', body='1', headers={'Content-Type': 'a/b'}),
    ]
    user = SimulatedUser()
    with run_servers(server_command('Echo')) as [server], make_client() as client:
        exchanges = [
            Exchange(step, body=user.send(client, server.url, step).body) for step in steps
        ]

    sample = measure_server('Echo', *exchanges).sample

    assert sample
    assert sample.requests_per_second > 0
    assert list(sample.failures) == []


def test_users_store_cookies_with_a_domain() -> None:
    """A user sends all cookies of a response, also one with a Domain."""
    first, second = Step('first', '/'), Step('second', '/')

    sample = measure_server(
        'Domain', Exchange(first, body=''), Exchange(second, body='a=b; c=d')
    ).sample

    assert sample
    assert sample.failures == {}
    assert sample.requests_per_second > 0


@pytest.mark.parametrize(
    ('body', 'failures'), [('token=x1, 1 item', []), ('token=x1, 2 items', ['t: unexpected body'])]
)
def test_random_values_may_differ(
    body: str, failures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page with another token than the expected one is correct if all else is equal."""
    monkeypatch.setattr(runner, 'GRACE_SECONDS', 0)
    step = Step('t', '/', capture={'token': r'token=(\w+)'})

    sample = measure_server('Token', Exchange(step, 200, body, {'t: capture.token': 'x1'})).sample

    assert sample
    assert list(sample.failures) == failures
    assert bool(sample.requests_per_second) is not bool(failures)


def test_capture_decodes_the_response_charset() -> None:
    """A capture searches the text that the response's charset gives."""
    finds = Step('finds', '/', capture={'drink': r'drink: (\w+)$'})
    uses = Step('uses', '/$drink')

    sample = measure_server('Latin1', Exchange(finds), Exchange(uses)).sample

    assert sample
    assert sample.failures == {}
