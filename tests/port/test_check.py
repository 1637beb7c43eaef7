"""`--check` finds planted mistakes, and is silent on code that is right."""

from pathlib import Path

import pytest

from quart_session_demo.port.findings.finding import Finding
from tests.port.checking import APPS, check, check_source, copy, expected

PROJECT = Path(__file__).parents[2]

#: Code on Quart in this project, where a finding would be false.
RIGHT = [
    'examples/hello.py',
    'examples/login.py',
    'quart_session_demo/lesson.py',
    'quart_session_demo/playground',
    'quart_session_demo/session_pages',
    'tests/apps/own_app.py',
    'tests/apps/playground_app.py',
    'tests/apps/session_pages_app.py',
    'tests/apps/sessions_app.py',
    'tests/apps/users_app.py',
]


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """Return the findings in the planted mistakes."""
    return check(copy(APPS / 'mistakes', tmp_path_factory.mktemp('port')))


def test_check_finds_planted_mistakes(found: list[Finding]) -> None:
    """Each planted mistake is found, and nothing else."""
    planted = expected(APPS / 'mistakes')
    assert len(planted) >= 60
    assert len({id_ for _, _, id_ in planted}) >= 20

    assert {(item.path.name, item.line, item.id) for item in found} == planted
    assert len(found) == len(planted)


@pytest.mark.parametrize('name', ['blog', 'chat', 'shop', 'tests'])
def test_check_accepts_quart_style(tmp_path: Path, name: str) -> None:
    """Nothing is found in apps that are written as Quart's own examples are."""
    assert check(copy(APPS / 'quart_style', tmp_path) / name) == []


@pytest.mark.parametrize(
    'path', [*RIGHT, *(PROJECT / 'quart_session_demo/compare/apps').rglob('async_*.py')], ids=str
)
def test_check_accepts_own_code(path: str | Path) -> None:
    """Nothing is found in this project's lesson, pages, examples and Quart apps."""
    assert check(PROJECT / path) == []


def test_findings_are_sorted(found: list[Finding]) -> None:
    """Findings are in the order of files, lines and columns."""
    assert found == sorted(found, key=lambda item: (item.path, item.line, item.column))


@pytest.mark.parametrize('item', ['text', 'remedy'])
def test_findings_are_single_lines(found: list[Finding], item: str) -> None:
    """Each finding has a text and a remedy of one line."""
    for finding in found:
        assert getattr(finding, item).strip()
        assert '\n' not in getattr(finding, item)


VIEW = """\
from quart import Quart, request
app = Quart(__name__)
@app.get('/')
async def index():
"""


@pytest.mark.parametrize(
    'body',
    [
        "    return request.form['a']  # port: ignore[missing-await]",
        "    return request.form['a']  # port: ignore[wsgi, missing-await]",
        "    return request.form['a']  # as on Flask  # port: ignore[missing-await,wsgi]",
        "    return dict(  # port: ignore[missing-await]\n        a=request.form['a'],\n    )",
        "    return dict(\n        a=request.form['a'],  # port: ignore[missing-await]\n    )",
    ],
)
def test_comment_silences_finding(tmp_path: Path, body: str) -> None:
    """A comment on the line, or on the first line of the statement, silences its ids."""
    assert check_source(tmp_path, VIEW + body) == []


@pytest.mark.parametrize(
    'body',
    [
        "    return request.form['a']  # port: ignore[wsgi]",
        "    # port: ignore[missing-await]\n    return request.form['a']",
        "    a = 1  # port: ignore[missing-await]\n    return request.form['a']",
    ],
)
def test_comment_silences_nothing_else(tmp_path: Path, body: str) -> None:
    """A comment silences neither other ids nor other statements."""
    assert [item.partition(' ')[2] for item in check_source(tmp_path, VIEW + body)] == [
        'missing-await'
    ]


def test_comment_silences_finding_in_template(tmp_path: Path) -> None:
    """A comment in a template silences a finding, too."""
    template = tmp_path / 'index.html'
    template.write_text(
        '{{ await price() }}\n{{ await price() }} {# port: ignore[template-call] #}'
    )
    assert [(item.line, item.id) for item in check(tmp_path)] == [(1, 'template-call')]
