import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import quart

from quart_session_demo.port.findings.deployment import find_deployment_lines
from quart_session_demo.sessions.settings import SESSION_SETTINGS

STARTER = 'python -m quart_session_demo.serve'


def find(name: str, text: str) -> list[tuple[int, int, str, str, str]]:
    return list(find_deployment_lines(Path(name), text))


def data(name: str) -> dict[str, Any]:
    return tomllib.loads((files('quart_session_demo.port.findings') / name).read_text('utf-8'))


@pytest.mark.parametrize(
    ('name', 'line', 'column', 'remedy'),
    [
        (
            'Procfile',
            'web: gunicorn shop:app',
            6,
            f'use `{STARTER} shop:app` or `hypercorn shop:app`',
        ),
        (
            'Procfile',
            'web: gunicorn "shop:create_app()" -w 4 -b :$PORT --log-file -',
            6,
            f"use `{STARTER} --bind 0.0.0.0:$PORT --processes 4 'shop:create_app()'` or "
            "`hypercorn --bind 0.0.0.0:$PORT --workers 4 'shop:create_app()'`",
        ),
        (
            'Dockerfile',
            """CMD ["gunicorn", "-b", "unix:app.sock", "shop:create_app('dev')"]""",
            7,
            """use `hypercorn --bind unix:app.sock 'shop:create_app("dev")'`""",
        ),
        (
            'shop.service',
            'ExecStart=/srv/venv/bin/gunicorn --worker-class gevent shop:app',
            25,
            f'use `{STARTER} shop:app` or `hypercorn shop:app`',
        ),
        (
            'start.sh',
            'exec python3 -m gunicorn -k gthread shop.web:app && echo stopped',
            17,
            f'use `{STARTER} shop.web:app` or `hypercorn shop.web:app`',
        ),
        (
            'render.yaml',
            'startCommand: poetry run gunicorn shop',
            26,
            f'use `{STARTER} MODULE:APP` or `hypercorn MODULE:APP`',
        ),
        (
            'start.sh',
            'waitress-serve --port=8080 --call shop:create_app',
            1,
            f"use `{STARTER} 'shop:create_app()'` or `hypercorn 'shop:create_app()'`",
        ),
        (
            'start.sh',
            'sh -c "uwsgi --http :8000 --module shop:app"',
            8,
            f'use `{STARTER} shop:app` or `hypercorn shop:app`',
        ),
        (
            'start.sh',
            'mod_wsgi-express start-server shop.wsgi',
            1,
            f'use `{STARTER} MODULE:APP` or `hypercorn MODULE:APP`, '
            'and let Apache forward requests to it (mod_proxy)',
        ),
        ('start.sh', 'flask run --with-threads -p 80', 1, 'use `quart run -p 80`'),
        (
            'docker-compose.yml',
            '  command: ["flask", "--app", "shop", "run", "--debug"]',
            14,
            'use `quart --app shop run --debug`',
        ),
        (
            'pyproject.toml',
            'serve = "flask --app shop init-db"',
            10,
            'use `quart --app shop init-db`',
        ),
        (
            'app.json',
            '{"scripts": {"postdeploy": "flask db upgrade"}}',
            29,
            'use Alembic itself, such as `alembic upgrade head`: `quart db` finds no app',
        ),
        ('fly.toml', 'FLASK_APP = "shop"', 1, 'rename it to `QUART_APP`'),
        (
            'Dockerfile',
            'ENV FLASK_ENV=production',
            5,
            'remove it; `QUART_DEBUG=1` turns debug mode on',
        ),
        ('render.yaml', '- key: FLASK_RUN_PORT', 8, 'rename it to `QUART_RUN_PORT`'),
        (
            'start.sh',
            'export FLASK_SECRET_KEY=x',
            8,
            'rename it to `QUART_SECRET_KEY`, '
            'which `app.config.from_prefixed_env()` of Quart reads',
        ),
    ],
)
def test_server_commands_are_found(name: str, line: str, column: int, remedy: str) -> None:
    """Each line that starts a server for Flask is found, with the line that replaces it."""
    (found,) = find(name, f'\n{line}\n')
    assert (*found[:3], found[4]) == (2, column, 'server-command', remedy)


@pytest.mark.parametrize(
    ('name', 'line'),
    [
        ('Procfile', 'web: gunicorn -k asgi shop:app'),
        ('Procfile', 'web: gunicorn -k uvicorn.workers.UvicornWorker shop:app'),
        ('Dockerfile', 'CMD ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "shop:app"]'),
        ('Procfile', 'web: hypercorn shop:app'),
        ('Procfile', 'web: uvicorn --factory shop:create_app'),
        ('Procfile', 'web: granian --interface asgi shop:app'),
        ('Procfile', f'web: exec {STARTER} shop:app'),
        ('Procfile', 'web: python app.py'),
        ('Dockerfile', 'RUN pip install flask gunicorn gevent'),
        ('start.sh', 'echo "start gunicorn shop:app"'),
        ('start.sh', 'pkill gunicorn'),
        ('start.sh', '  # gunicorn shop:app'),
        ('start.sh', 'QUART_APP=shop quart run'),
        ('start.sh', 'cd flask && make'),
        ('start.sh', 'my-flask run'),
        ('pyproject.toml', 'keywords = ["flask", "gunicorn"]'),
    ],
)
def test_other_lines_are_not_found(name: str, line: str) -> None:
    """Servers for ASGI, and lines that only name a server for WSGI, are no findings."""
    assert find(name, line) == []


def test_continued_commands_are_read_as_one() -> None:
    """A command over several lines is found once, at its first line, with the app of its last."""
    text = 'CMD exec gunicorn \\\n  --workers 2 \\\n  shop:app\nENV FLASK_DEBUG=1\n'
    (line, column, _, _, remedy), (variable_line, *_) = find('Dockerfile', text)
    assert (line, column, variable_line) == (1, 10, 4)
    assert f'`{STARTER} --processes 2 shop:app`' in remedy


def test_file_of_variables_is_renamed() -> None:
    """`.flaskenv` is found itself, besides the variables in it."""
    found = find('.flaskenv', 'FLASK_APP=shop\n')
    assert [item[4] for item in found] == ['rename it to `.quartenv`', 'rename it to `QUART_APP`']


def test_requirements_are_found() -> None:
    """Each requirement that is not for Quart is found, in any spelling and version."""
    text = (
        'Flask[async]>=3 ; python_version>"3"\nquart\nFlask_SQLAlchemy==3.1 \\\n--hash=x\ngevent\n'
    )
    found = find('requirements-dev.txt', text)
    assert [item[:3] for item in found] == [
        (1, 1, 'requirement'),
        (3, 1, 'requirement'),
        (5, 1, 'requirement'),
    ]
    assert found[0][4] == 'require `quart`, which installs the Flask that it needs'
    assert found[1][4] == data('extensions.toml')['flask_sqlalchemy']['remedy']


def test_other_requirements_are_not_found() -> None:
    """Comments, options, other packages and extensions that work on Quart are no findings."""
    text = '# flask\n-r flask.txt\nquart\nflask-bcrypt\nmy-flask\nflaskish\nhypercorn\n'
    assert find('requirements.txt', text) == []


@pytest.mark.parametrize(
    ('name', 'text', 'places'),
    [
        (
            'pyproject.toml',
            '[project]\nname = "flask"\nkeywords = ["flask"]\ndependencies = [\n  "flask>=3",\n]\n'
            'urls = {a = "flask"}\n',
            [(5, 4)],
        ),
        (
            'pyproject.toml',
            '[project.optional-dependencies]\ntest = ["pytest-flask", "quart"]\n',
            [(2, 10)],
        ),
        ('pyproject.toml', '[dependency-groups]\ndev = ["waitress"]\n', [(2, 9)]),
        (
            'pyproject.toml',
            '[tool.poetry.dependencies]\npython = "^3.11"\ngunicorn = "^23"\n[tool.flask]\na = 1\n',
            [(3, 1)],
        ),
        ('Pipfile', '[packages]\n"flask-login" = "*"\nquart = "*"\n', [(2, 2)]),
        ('pyproject.toml', '[project]\ndependencies = "flask', []),
    ],
)
def test_requirements_in_toml_are_found(
    name: str, text: str, places: list[tuple[int, int]]
) -> None:
    """Requirements are found in their tables of pyproject.toml and Pipfile, and nowhere else."""
    assert [item[:2] for item in find(name, text) if item[2] == 'requirement'] == places


def test_extensions_are_complete() -> None:
    """Each extension has a name, a counterpart, whether it works, and a remedy of one line."""
    extensions = data('extensions.toml')
    assert len(extensions) >= 20
    for extension in extensions.values():
        assert extension['works'] in {'yes', 'partly', 'no'}
        assert isinstance(extension['checked'], bool)
        assert isinstance(extension['counterpart'], str)
        assert extension['name']
        assert extension['remedy'].isprintable()


def test_settings_match_the_sessions() -> None:
    """Settings that sessions read are in one table, settings that they do not read in another."""
    tables = data('settings.toml')
    read = {setting.name for setting in SESSION_SETTINGS}
    assert tables['server_session_settings'].keys() <= read
    assert not tables['session_settings'].keys() & read


def test_settings_are_not_read_by_quart() -> None:
    """No setting that is reported as unused is in Quart's own sources."""
    assert quart.__file__ is not None
    sources = [path.read_text('utf-8') for path in Path(quart.__file__).parent.rglob('*.py')]
    assert any('["SECRET_KEY_FALLBACKS"]' in source for source in sources)
    for name in data('settings.toml')['settings']:
        assert not [source for source in sources if f'["{name}"]' in source]
