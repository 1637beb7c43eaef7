"""The lesson is the same on Flask and on Quart: the real comparison, run once."""

import re

import pytest

from quart_session_demo.compare.harness.recording import IGNORED_HEADERS
from quart_session_demo.compare.harness.steps_file import LESSON_STEPS, load_steps
from quart_session_demo.compare.parity.run import LESSON
from tests.compare.conftest import InvokeCompare, RunCompare, WriteSteps
from tests.compare.parity.conftest import Run, with_json
from tests.conftest import ROOT


@pytest.fixture(scope='module')
def lesson(run_compare: RunCompare) -> Run:
    """Compare the lesson; return the process and the JSON."""
    # The lesson's servers ignore the user's settings.
    result = run_compare('parity', '--verbose', '--json', QUART_SESSION_COOKIE_NAME='other')
    return with_json(result)


def test_lesson_has_no_unexpected_difference(lesson: Run) -> None:
    """The lesson's responses differ only as declared, and the exit status is 0."""
    result, report = lesson

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr.startswith('Not compared')
    assert not re.search('(?i)warning|traceback|error', result.stderr)
    assert report['share_key'] is True
    assert report['summary']['different'] == 0
    assert report['summary']['steps'] == len(report['steps'])


def test_lesson_shows_declared_differences(lesson: Run) -> None:
    """Every declared difference occurs and is printed once with its reason."""
    result, report = lesson
    shown = {item['on_purpose'] for step in report['steps'] for item in step['differences']}

    assert shown == {item.reason for item in load_steps(LESSON_STEPS).declared}
    printed = ' '.join(result.stderr.split())
    assert printed.count('On purpose') == len(shown)
    assert all(reason in printed for reason in shown)


def test_lesson_session_works_in_the_other_app(lesson: Run) -> None:
    """Each app reads, changes and deletes the session that the other app made."""
    _, report = lesson
    prefix = 'exchanged cookie: '
    bodies = {
        step['name'].removeprefix(prefix): (step['sync']['body'], step['async']['body'])
        for step in report['steps']
        if step['name'].startswith(prefix)
    }

    assert bodies == {
        'set': ('设置session成功',) * 2,
        'read and refreshed by the other app': ('zhiliao',) * 2,
        'changed by the other app': ('设置session成功',) * 2,
        'one key deleted by the other app': ('删除session成功...',) * 2,
        'the other keys read by the other app': ('没有session数据',) * 2,
        'set by the other app': ('设置session成功',) * 2,
        'deleted by the other app': ('删除session成功...',) * 2,
    }


def test_verbose_shows_ignored_headers(lesson: Run) -> None:
    """With --verbose each ignored header is printed with the reason; the JSON has them too."""
    result, report = lesson

    assert all(f'{name}: {reason}' in result.stderr for name, reason in IGNORED_HEADERS.items())
    assert report['left_out'] == IGNORED_HEADERS


def test_readme_states_the_result(lesson: Run) -> None:
    """The README states the number of steps and of those with expected differences."""
    _, report = lesson
    readme = (ROOT / 'README.md').read_text('utf-8')

    assert f'the same {report["summary"]["steps"]} steps' in readme
    assert report['summary']['on_purpose'] == 4
    assert 'Four steps differ, as expected:' in readme


def test_stock_quart_sessions_have_a_wrong_vary(
    invoke_compare: InvokeCompare, write_steps: WriteSteps
) -> None:
    """The comparison finds the wrong Vary of Quart's own session interface."""
    path = write_steps(
        "[[step]]\nname = 'the session is used'\npath = '/get_session/'\n"
        "[[step]]\nname = 'the session is not used'\npath = '/no_such_page/'\n"
        "[[declared]]\nreason = 'security headers'\n"
        "fields = ['content-security-policy', 'cross-origin-opener-policy', "
        "'cross-origin-resource-policy', 'referrer-policy', 'x-content-type-options']\n",
    )

    apps = ('--sync', LESSON[0], '--async', 'stock_sessions_app:app')
    result = invoke_compare('parity', *apps, '--steps', path)

    # Quart 0.22 never sends Vary, 0.23 always does.
    wrong = ('vary: Flask Cookie, Quart (absent)', 'vary: Flask (absent), Quart Cookie')
    assert any(line in result.stdout for line in wrong)
    assert '2 steps: 1 the same, 0 different on purpose, 1 different.' in result.stdout
    assert result.exit_code == 1
