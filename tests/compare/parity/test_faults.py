"""Which faults of a port are found, and how they are shown: one run of two real servers."""

import json

import pytest

from tests.apps.parity_apps import LONG_TEXT
from tests.compare.conftest import APPS, RunCompare
from tests.compare.parity.conftest import TEST_APPS, Run, with_json


@pytest.fixture(scope='module')
def faults(run_compare: RunCompare) -> Run:
    """Compare the test apps; return the process and the JSON."""
    steps = APPS / 'parity_faults.toml'
    return with_json(run_compare('parity', *TEST_APPS, '--steps', steps, '--json'))


def test_faults_are_found(faults: Run) -> None:
    """Every fault of the port is found, and nothing else."""
    result, report = faults
    differences = {
        step['name']: {
            item['field']: (item['sync'], item['async'])
            for item in step['differences']
            if item['on_purpose'] != 'The port identifies itself.'
        }
        for step in report['steps']
        if not step['same']
    }
    no_response, fine = differences.pop('a worker that crashes')['status']
    missing = differences.pop('a missing route')
    failed = differences.pop('a missing await')

    assert result.returncode == 1
    assert no_response.startswith('no response: ')
    assert fine == '200'
    assert missing['status'] == ('200', '404')
    assert missing.keys() == {'status', 'body'}
    assert failed['status'] == ('200', '500')
    assert failed.keys() == {'status', 'body'}
    assert differences == {
        'another body': {'body': (LONG_TEXT + 'the end', LONG_TEXT + 'another end')},
        'another cookie attribute': {'cookie.theme.samesite': ('Lax', 'Strict')},
        'other types': {
            'session.number': ('1', "'1'"),
            'session.flag': ('True', '1'),
            'session.pair': ('(1, 2)', '[1, 2]'),
        },
        'other headers': {
            'etag': ('"1"', '(absent)'),
            'cache-control': ('private', 'no-store'),
        },
        'a missing await without a failure': {
            'session._flashes': ("[('message', 'stored')]", '(absent)')
        },
    }


def test_json_has_the_documented_keys(faults: Run) -> None:
    """Programs can rely on the keys of the JSON."""
    _, report = faults
    steps = {step['name']: step for step in report['steps']}

    assert report.keys() == {
        'sync',
        'async',
        'error',
        'share_key',
        'hints',
        'versions',
        'left_out',
        'summary',
        'steps',
    }
    assert report['summary'] == {'steps': 15, 'same': 7, 'on_purpose': 0, 'different': 8}
    for step in steps.values():
        assert step.keys() == {
            'name',
            'visitor',
            'request',
            'same',
            'differences',
            'sync',
            'async',
            'log',
        }
    assert {
        'field': 'etag',
        'sync': '"1"',
        'async': '(absent)',
        'on_purpose': None,
    } in steps['other headers']['differences']
    assert steps['the same']['sync']['session.count'] == '1'


def test_table_shows_differences(faults: Run) -> None:
    """The table has a line a step and a difference, and each declared reason once."""
    result, _ = faults
    lines = [' '.join(line.split()) for line in result.stderr.splitlines()]

    assert '✓ GET /count the same' in lines
    assert '✗ GET /missing a missing route' in lines
    assert 'status: Flask 200, Quart 404' in lines
    assert (
        'body: Flask …e, a long response, the end, Quart …e, a long response, another end' in lines
    )
    assert 'cache-control: Flask private, Quart no-store (2)' in lines
    assert '(2) On purpose: The port has a better header.' in lines
    assert '(1) On purpose, at every step (x-port): The port identifies itself.' in lines
    assert not [line for line in lines if line.startswith('x-port')]
    assert lines[-1] == '15 steps: 7 the same, 0 different on purpose, 8 different.'


def test_handover_exchanges_cookies(faults: Run) -> None:
    """With `handover` a user continues with the other app's cookie; other users do not."""
    _, report = faults
    steps = {step['name']: step for step in report['steps']}

    assert steps['exchanged cookies']['async']['body'] == 'count: 2'
    assert steps['another user']['async']['body'] == 'count: 1'
    assert steps['another user']['visitor'] == 'another'


def test_form_and_json_reach_both_apps(faults: Run) -> None:
    """Both apps get the form with their own captured token, and the JSON with its header."""
    _, report = faults
    steps = {step['name']: step for step in report['steps']}

    for side in ('sync', 'async'):
        assert steps['the form, sent'][side]['status'] == '200'
        assert steps['the form, sent'][side]['body'] == 'a $ and 你好'
        assert steps['a form'][side]['capture.token'] == 'found'
        assert json.loads(steps['json'][side]['body']) == [{'list': [1, 'two']}, 'sent']


def test_log_of_a_failed_server_is_shown(faults: Run) -> None:
    """The log of a step that fails ends its differences, from the side that failed alone."""
    result, report = faults
    logs = {step['name']: step['log'] for step in report['steps']}
    shown = result.stderr[result.stderr.index('a missing await') :]
    nothing: dict[str, list[str]] = {'sync': [], 'async': []}

    missing_await = logs.pop('a missing await')
    assert missing_await['sync'] == []
    assert "TypeError: 'coroutine' object is not subscriptable" in missing_await['async']
    unawaited = logs.pop('a missing await without a failure')
    assert unawaited['sync'] == []
    assert "RuntimeWarning: coroutine 'flash' was never awaited" in str(unawaited['async'])
    crash = logs.pop('a worker that crashes')
    assert crash['sync']
    assert crash['async'] == []
    assert set(map(str, logs.values())) == {str(nothing)}
    assert "The end of Quart's log:" in shown
    assert r'torn down \x1b[1A' in shown
    assert "TypeError: 'coroutine' object is not subscriptable" in shown
    assert '\x1b' not in result.stderr


def test_random_values_are_no_differences(faults: Run) -> None:
    """The report shows the real tokens, which differ and count as equal."""
    _, report = faults
    steps = {step['name']: step for step in report['steps']}
    form = steps['a form']

    assert form['same']
    assert [item['field'] for item in form['differences']] == ['x-port']
    assert form['sync']['body'] != form['async']['body']
    assert form['sync']['session.csrf_token'].strip("'") in form['sync']['body']
    assert steps['the form, sent']['same']


def test_steps_that_fail_on_both_have_a_hint(faults: Run) -> None:
    """Two failures count as equal, which the report shows."""
    result, report = faults
    hint = "both apps fail at 1 step, first at 'failed on both'; equal failures count as equal"

    assert report['steps'][-1]['same']
    assert len(report['hints']) == 1
    assert report['hints'][0].startswith(hint)
    assert hint in ' '.join(result.stderr.split())
