"""The report of a port and of a check: findings, files that cannot be parsed, JSON, statuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from quart_session_demo.cli.port import port

BLOCKS = """\
import time
from flask import Flask, render_template

app = Flask(__name__)


@app.get('/')
def index():
    time.sleep(1)
    return render_template('index.html')
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(port, list(map(str, arguments)))


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f'{name}.py').write_text(content)
    return folder


def test_finding_has_place_text_remedy_and_id(tmp_path: Path) -> None:
    """A finding is one line, as linters print it; its lines are those of the ported file."""
    result = run(write(tmp_path, app=BLOCKS))

    assert (
        f'{tmp_path}/app.py:9:5: time.sleep() blocks the event loop: '
        'use await asyncio.sleep(…) [blocking-call]\n'
        '1 finding: 1 blocking-call\n'
    ) in result.stderr
    assert result.exit_code == 0


def test_report_of_output_names_the_written_files(tmp_path: Path) -> None:
    """With --output, the files of the report are those that were written."""
    (tmp_path / 'shop').mkdir()

    result = run(write(tmp_path / 'shop', app=BLOCKS), '--output', tmp_path / 'ported')

    assert result.stdout.startswith(f'{tmp_path}/ported/app.py:9:5: ')


def test_check_fails_for_findings(tmp_path: Path) -> None:
    """`--check` reports what a port would change, and what it would leave, with status 1."""
    result = run(write(tmp_path, app=BLOCKS), '--check')

    ids = [line.rpartition('[')[2].rstrip(']') for line in result.stdout.splitlines()[:-1]]
    assert result.exit_code == 1
    assert {'flask-import', 'missing-await', 'missing-async'} <= set(ids)


def test_check_of_a_ported_app_passes(tmp_path: Path) -> None:
    """Without findings the status is 0."""
    write(tmp_path, app=BLOCKS.replace('    time.sleep(1)\n', ''))
    run(tmp_path, '--output', tmp_path / 'ported')

    result = run(tmp_path / 'ported', '--check')

    assert result.exit_code == 0
    assert result.stdout == '0 findings.\n'


def test_file_that_cannot_be_parsed_is_named_and_skipped(tmp_path: Path) -> None:
    """The others are ported; the status is 1."""
    write(tmp_path, app=BLOCKS, old='from flask import g\nprint "Python 2"\n')

    result = run(tmp_path)

    assert result.exit_code == 1
    assert f'{tmp_path}/old.py: cannot be parsed, and is skipped: line 2' in result.stderr
    assert '+from quart import Quart, render_template\n' in result.stdout


@pytest.mark.parametrize(
    'source',
    [b'\xff\xfe flask', b'# flask\nx = "\xe9"\n', b'# -*- coding: nothing -*-\nimport flask\n'],
    ids=['binary', 'latin-1', 'unknown'],
)
def test_file_with_a_wrong_encoding_is_skipped(tmp_path: Path, source: bytes) -> None:
    """What Python cannot decode is named, too."""
    (tmp_path / 'odd.py').write_bytes(source)

    result = run(write(tmp_path, app=BLOCKS))

    assert result.exit_code == 1
    assert f'{tmp_path}/odd.py: cannot be parsed, and is skipped: ' in result.stderr


@pytest.mark.parametrize(
    'expression',
    [f'{"(" * 3000}1{")" * 3000}', '+'.join('1' * 4000)],
    ids=['parentheses', 'sum'],
)
def test_source_that_is_nested_too_deeply_is_skipped(tmp_path: Path, expression: str) -> None:
    """Generated source, on which the parser would crash, is named; less is ported."""
    write(tmp_path, deep=f'import flask\nx = {expression}\n', sum=f'import flask\n{"1+" * 900}1\n')

    result = run(tmp_path)

    assert result.exit_code == 1
    assert f'{tmp_path}/deep.py: cannot be parsed, and is skipped: ' in result.stderr
    assert '1 of 2 Python files change.' in result.stderr


@pytest.mark.parametrize('check', [True, False])
def test_json_has_all(tmp_path: Path, check: bool) -> None:
    """`--json` is one document with the findings, the errors and, of a port, the diff."""
    write(tmp_path, app=BLOCKS, old='import flask\nprint "Python 2"\n')

    result = run(tmp_path, '--json', *(['--check'] if check else []))
    content = json.loads(result.stdout)

    assert content['findings'][-1] == {
        'path': f'{tmp_path}/app.py',
        'line': 10 if check else 9,
        'column': 12 if check else 5,
        'id': 'missing-await' if check else 'blocking-call',
        'text': content['findings'][-1]['text'],
        'remedy': 'put `await` before it' if check else 'use await asyncio.sleep(…)',
    }
    assert list(content['errors']) == [f'{tmp_path}/old.py']
    assert check or content['ported'] == [f'{tmp_path}/app.py']
    assert check or content['diff'].startswith('--- a/')


@pytest.mark.parametrize(
    ('newline', 'start', 'encoding'),
    [('\r\n', '', 'utf-8'), ('\n', '\ufeff', 'utf-8'), ('\n', '# coding: latin-1\n', 'latin-1')],
    ids=['CRLF', 'BOM', 'latin-1'],
)
def test_bytes_of_other_lines_stay(tmp_path: Path, newline: str, start: str, encoding: str) -> None:
    """Line ends, a byte order mark and the encoding stay."""
    source = f'{start}{BLOCKS}NAME = "é"\n'.replace('\n', newline)
    (tmp_path / 'app.py').write_bytes(source.encode(encoding))

    run(tmp_path, '--output', tmp_path / 'ported')

    expected = (
        source.replace('flask', 'quart')
        .replace('Flask', 'Quart')
        .replace('def index', 'async def index')
        .replace('return render', 'return await render')
    )
    assert (tmp_path / 'ported/app.py').read_bytes() == expected.encode(encoding)


def test_path_can_be_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` may be a folder with an `__init__.py`."""
    monkeypatch.chdir(write(tmp_path, app=BLOCKS, __init__=''))

    assert '+from quart import Quart, render_template\n' in run('.').stdout


def test_package_imports_a_name_from_its_module_of_that_name(tmp_path: Path) -> None:
    """The name does not lead back to itself."""
    write(tmp_path, app='import flask\nfrom shop import prices\nprices()\n')
    (tmp_path / 'shop').mkdir()
    write(tmp_path / 'shop', __init__='from shop.prices import prices\n', prices='prices = 1\n')

    assert run(tmp_path).exit_code == 0
