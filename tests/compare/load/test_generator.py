"""The load generator's users: what they send, capture and check."""

import pytest

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
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


def test_capture_decodes_the_response_charset() -> None:
    """A capture searches the text that the response's charset gives."""
    finds = Step('finds', '/', capture={'drink': r'drink: (\w+)$'})
    uses = Step('uses', '/$drink')

    sample = measure_server('Latin1', Exchange(finds), Exchange(uses)).sample

    assert sample
    assert sample.failures == {}
