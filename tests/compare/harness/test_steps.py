"""How a steps file is read, and how its mistakes are reported."""

import os
from pathlib import Path

import pytest

from quart_session_demo.compare.harness.files import as_list
from quart_session_demo.compare.harness.step_validation import MAX_DEPTH
from quart_session_demo.compare.harness.steps import Step, response_text
from quart_session_demo.compare.harness.steps_file import LESSON_STEPS, StepsError, load_steps
from tests.compare.conftest import WriteSteps

STEP = "[[step]]\nname = 'one'\npath = '/'\n"
RESTART = STEP + "[[step]]\nname = 'again'\nrestart = {{{}}}\n"
FILE = 'files.f = {{ {} }}\n'
DECLARED = STEP + "[[declared]]\nreason = 'r'\n"


def test_lesson_steps_cover_the_lesson() -> None:
    """The lesson's steps request every route, with several methods and exchanged cookies."""
    steps = load_steps(LESSON_STEPS).steps

    routes = {step.path.partition('?')[0] for step in steps if step.method == 'GET'}
    assert routes >= {
        '/',
        '/get_session/',
        '/del_session/',
        '/del_session/pop/',
        '/del_session/del/',
        '/browser_session/',
    }
    assert {step.method for step in steps} >= {'GET', 'HEAD', 'OPTIONS', 'POST'}
    assert sum(step.handover for step in steps) >= 4


def test_step_has_defaults(write_steps: WriteSteps) -> None:
    """A step needs only a name and a path."""
    [step] = load_steps(write_steps(STEP)).steps

    assert step == Step('one', '/')
    assert (step.user, step.method, step.wait, step.handover) == ('visitor', 'GET', 0, False)


def test_step_reads_every_key(write_steps: WriteSteps) -> None:
    """Every documented key sets its attribute; `visitor` is the user."""
    text = (
        STEP
        + "visitor = 'second'\nmethod = 'PUT'\nheaders = { A = 'b' }\njson = [1]\n"
        + "capture = { x = '(y)' }\nignore = ['body']\nhandover = true\nwait = 1.5\n"
    )

    [step] = load_steps(write_steps(text)).steps

    assert step == Step(
        'one',
        '/',
        user='second',
        method='PUT',
        headers={'A': 'b'},
        json=[1],
        capture={'x': '(y)'},
        ignore=('body',),
        handover=True,
        wait=1.5,
    )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('[[step]]\nname = one\n', 'Invalid value (at line 2, column 8)'),
        (STEP + 'wait = \n', 'Invalid value (at line 4, column 8)'),
        (STEP + "ignore = ['a'\n" + STEP, 'Unclosed array (at line 5'),
        (STEP + "headers = { A = 'x'", 'Unclosed inline table (at end of document)'),
        (STEP + '[[step]]\nwait = \n' + STEP, 'Invalid value (at line 5'),
        (DECLARED + 'fields = x\n', 'Invalid value (at line 6'),
        ('step = \n', 'Invalid value (at line 1'),
    ],
)
def test_syntax_error_states_the_line(write_steps: WriteSteps, text: str, message: str) -> None:
    """A mistake in the TOML is reported in one line with the file and the line."""
    assert_error(write_steps(text), message)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'no [[step]] has a path: add one'),
        ("[[step]]\nname = 'one'\nrestart = {}\n", 'no [[step]] has a path: add one'),
        ("[step]\nname = 'one'\n", "'step' is not a list: write [[step]], with two brackets"),
        ("[[steps]]\nname = 'one'\n", "'steps' is unknown: use [[step]], [[declared]] or `random`"),
        (
            "randm = ['x']\n" + STEP,
            "'randm' is unknown: use [[step]], [[declared]] or `random`; did you mean 'random'?",
        ),
        ("ignore = ['body']\n" + STEP, "'ignore' is a key of a step: write it below [[step]]"),
        (STEP + STEP, "step 'one': an earlier step has this name"),
        (
            STEP + f'json = {"[" * 9999}{"]" * 9999}\n',
            'a value is nested too deeply',
        ),
    ],
)
def test_file_error_is_reported(write_steps: WriteSteps, text: str, message: str) -> None:
    """A mistake in the structure of the file is reported in one line."""
    assert_error(write_steps(text), message)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("[[step]]\npath = '/'\n", 'step 1: Object missing required field `name`'),
        (STEP + '[[step]]\n', 'step 2: Object missing required field `name`'),
        ('step = [1]\n', 'step 1: Expected `object`, got `int`'),
        (
            STEP + 'captures = {}\n',
            "step 'one': Object contains unknown field `captures`; did you mean 'capture'?",
        ),
        (STEP + "user = 'x'\n", "step 'one': Object contains unknown field `user`"),
        (STEP + 'method = 1\n', "step 'one': Expected `str`, got `int` - at `$.method`"),
        (STEP + 'headers = { X = 1 }\n', "step 'one': Expected `str`, got `int`"),
        (STEP + "ignore = 'body'\n", "step 'one': Expected `array`, got `str`"),
        (STEP + "wait = 'long'\n", "step 'one': Expected `float`, got `str`"),
        (STEP + 'wait = -1\n', "step 'one': Expected `float` >= 0"),
        (STEP + '[[declared]]\nfields = []\n', 'declared 1: Object missing required field'),
    ],
)
def test_type_error_names_the_step(write_steps: WriteSteps, text: str, message: str) -> None:
    """A missing or unknown key, or a value of a wrong type, is reported with its step."""
    assert_error(write_steps(text), message)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (STEP.replace("'/'", "'/a/../b?c'"), '`path` has . or .. between slashes'),
        (STEP.replace("'/'", "'/a/.#b'"), '`path` has . or .. between slashes'),
        (STEP.replace("'/'", "'x'"), '`path` must start with /'),
        ("[[step]]\nname = 'one'\n", '`path` must start with /'),
        (STEP + "method = 'post'\n", "`method` 'post' is not an HTTP method: write it in upper"),
        (STEP + 'restart = {}\n', '`restart` and `path` exclude each other'),
        (STEP + 'form = {}\njson = 1\n', '`form` and `json` exclude each other'),
        (STEP + "capture = { x = '(' }\n", "`capture` of 'x': missing )"),
        (STEP + "capture = { x = 'y' }\n", "`capture` of 'x' has 0 groups: use exactly one"),
        (STEP + "capture = { '令牌' = '(y)' }\n", "`capture`: the name '令牌' is wrong"),
        (STEP + "capture = { 1st = '(y)' }\n", "`capture`: the name '1st' is wrong"),
        (
            STEP + "capture = { my-token = '(y)' }\n[[step]]\nname = 'two'\npath = '/$my-token'\n",
            "`capture`: the name 'my-token' is wrong: use ASCII letters, digits and _",
        ),
        (STEP + "headers = { X = '$y' }\n", "no earlier step of 'visitor' captures $y"),
        (STEP + "json = ['$y']\n", "no earlier step of 'visitor' captures $y"),
        (STEP + "form = { price = '5 $' }\n", "write $$ for a plain $ in '5 $'"),
        (
            STEP + f'json = {"[" * (MAX_DEPTH + 2)}{"]" * (MAX_DEPTH + 2)}\n',
            '`json` is nested too deeply: use at most 100 levels',
        ),
        (STEP + 'form = { a = 1 }\n', 'Expected `str | array`, got `int`'),
        (STEP + 'form = { a = [1] }\n', 'Expected `str`, got `int`'),
        (STEP + 'body = 1\n', 'Expected `str | null`, got `int`'),
        (STEP + "form = {}\nbody = ''\n", '`form` and `body` exclude each other'),
        (STEP + "json = 1\nbody = ''\n", '`json` and `body` exclude each other'),
        (
            STEP + FILE.format("name = 'f', content = ''") + 'json = 1\n',
            '`files` and `json` exclude each other',
        ),
        (STEP + "form = {}\njson = 1\nbody = ''\n", '`form` and `body` exclude each other'),
        (STEP + FILE.format("name = 'f'"), 'a file needs `content` or `path`: write one of them'),
        (
            STEP + FILE.format("name = 'f', content = '', path = 'x'"),
            'a file needs `content` or `path`',
        ),
        (STEP + "files.f = { content = '' }\n", 'a file with `content` needs a `name`: add it'),
        (
            STEP + FILE.format("name = 'f', content = '', type = 'text'"),
            "`type` 'text' is not a media type",
        ),
        (
            STEP + FILE.format("name = 'f', content = '', mode = 1"),
            'Object contains unknown field `mode`',
        ),
        (STEP + FILE.format("name = 'f', path = 'no file'"), f'`files`: no file: {os.strerror(2)}'),
        (STEP + FILE.format("name = 'f', path = '.'"), f'`files`: .: {os.strerror(21)}'),
        (
            STEP + FILE.format("name = 'f', content = '$y'"),
            "no earlier step of 'visitor' captures $y",
        ),
        (
            STEP + FILE.format("name = 'f', content = ''") + "headers = { content-type = 'x/y' }\n",
            '`files` have a Content-Type of their own',
        ),
        (STEP + "body = '$y'\n", "no earlier step of 'visitor' captures $y"),
        (STEP + "random = 'x'\n", 'Expected `array`, got `str`'),
        (STEP + "random = ['']\n", "`random`: '' is no name: remove it"),
        (
            STEP + "random = ['session.token']\n",
            "`random`: 'session.token' is not the name of a session key or cookie: write 'token'",
        ),
        (STEP + "ignore = ['bdy']\n", "`ignore`: 'bdy' is not a field: use status, body"),
        (STEP + "ignore = ['date']\n", "`ignore`: 'date' is never compared: remove it"),
        (
            STEP + "ignore = ['cookie.a#0']\n",
            "`ignore`: 'cookie.a#0' is not a field: numbers begin",
        ),
        (
            STEP + "capture = { token = '(x)' }\nignore = ['capture.tokn']\n",
            "`ignore`: nothing captures 'tokn': correct or remove 'capture.tokn'; did you mean "
            "'capture.token'?",
        ),
        (STEP + "ignore = ['Set-Cookie']\n", "`ignore`: 'Set-Cookie' is not a field"),
        (STEP + "ignore = ['headers.x']\n", "`ignore`: 'headers.x' is not a field"),
    ],
)
def test_wrong_step_is_named(write_steps: WriteSteps, text: str, message: str) -> None:
    """A value that a step cannot have is reported with the step and the key."""
    assert_error(write_steps(text), f"step 'one': {message}")


@pytest.mark.parametrize(
    ('name', 'hint'),
    [
        ('bdy', 'body'),
        ('Cookies', 'cookie'),
        ('cookies.session', 'cookie.session'),
        ('sesion.user', 'session.user'),
        ('set-cookie', 'cookie'),
        ('headers.etag', 'etag'),
        ('stauts', 'status'),
    ],
)
@pytest.mark.parametrize('key', ['ignore', 'fields'])
def test_misspelled_field_has_a_hint(
    write_steps: WriteSteps, key: str, name: str, hint: str
) -> None:
    """A name that is nearly a field's is an error that shows this field."""
    text = {'ignore': STEP, 'fields': DECLARED}[key]

    with pytest.raises(
        StepsError, match=f"`{key}`: '{name}' is not a field.*did you mean '{hint}'"
    ):
        load_steps(write_steps(f"{text}{key} = ['{name}']\n"))


@pytest.mark.parametrize('name', ['x-body', 'etag', 'location', 'x-cookie-status', 'hx-redirect'])
def test_headers_are_no_misspelled_fields(write_steps: WriteSteps, name: str) -> None:
    """Headers of an app can have any name."""
    assert load_steps(write_steps(f"{STEP}ignore = ['{name}']\n"))


def test_random_of_the_file_is_that_of_each_step(write_steps: WriteSteps) -> None:
    """`random` at the top of the file adds names to the `random` of each step."""
    text = f"random = ['a']\n{STEP}random = ['b']\n[[step]]\nname = 'two'\npath = '/'\n"

    steps = load_steps(write_steps(text))

    assert [step.random for step in steps.steps] == [('a', 'b'), ('a',)]
    assert steps.random == ('a',)


def test_wrong_random_of_the_file_is_reported(write_steps: WriteSteps) -> None:
    """A mistake in the `random` of the file is reported with the key."""
    assert_error(write_steps(f"random = 'a'\n{STEP}"), '`random`: Expected `array`, got `str`')
    assert_error(write_steps(f"random = ['']\n{STEP}"), "`random`: '' is no name: remove it")


def test_path_of_a_file_is_relative_to_the_steps(
    write_steps: WriteSteps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a file does not depend on the current folder."""
    (tmp_path / 'a.png').write_bytes(b'')
    text = f"{STEP}files = {{ one = {{ path = 'a.png' }}, two = [{{ path = './a.png' }}] }}\n"
    monkeypatch.chdir('/')

    [step] = load_steps(write_steps(text)).steps

    paths = [file.path for files in step.files.values() for file in as_list(files)]
    assert paths == [str(tmp_path / 'a.png')] * 2


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            RESTART.format("'' = 'x'"),
            "`restart`: '' cannot be the name of an environment variable",
        ),
        (
            RESTART.format("'A=B' = 'x'"),
            "`restart`: 'A=B' cannot be the name of an environment variable",
        ),
        (RESTART.format('A = "\\u0000"'), '`restart` holds a NUL character'),
        (
            RESTART.format('') + 'form = {}\n',
            '`restart` and `form` exclude each other: make two steps of them',
        ),
    ],
)
def test_wrong_restart_is_named(write_steps: WriteSteps, text: str, message: str) -> None:
    """A restart that no server could get is reported with its step."""
    assert_error(write_steps(text), f"step 'again': {message}")


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (DECLARED + "fields = ['']\n", "`fields`: '' is not a field"),
        (DECLARED + "fields = []\nsteps = ['two']\n", "there is no step 'two'"),
        (
            DECLARED + "fields = []\nsteps = ['oen']\n",
            "there is no step 'oen'; did you mean 'one'?",
        ),
        (DECLARED + "fields = ['capture.x']\n", "`fields`: nothing captures 'x'"),
        (DECLARED + "fields = ['server']\n", "`fields`: 'server' is never compared: remove it"),
    ],
)
def test_wrong_declaration_is_named(write_steps: WriteSteps, text: str, message: str) -> None:
    """A mistake in a declared difference is reported with its reason."""
    assert_error(write_steps(text), f"declared 'r': {message}")


def assert_error(path: Path, message: str) -> None:
    """Assert that reading the file fails with one line that has the file and the message."""
    with pytest.raises(StepsError) as caught:
        load_steps(path)

    assert str(caught.value).startswith(f'{path}: {message}')
    assert '\n' not in str(caught.value)


def test_missing_file_is_reported(tmp_path: Path) -> None:
    """A file that cannot be read is an error with the reason."""
    path = tmp_path / 'none.toml'

    with pytest.raises(StepsError, match=f'{os.strerror(2)}$'):
        load_steps(path)


def test_file_must_be_utf8(tmp_path: Path) -> None:
    """A file that is not valid UTF-8 is an error with its name."""
    path = tmp_path / 'latin.toml'
    path.write_bytes(b'\xff')

    with pytest.raises(StepsError, match=r'latin\.toml: '):
        load_steps(path)


def test_ignore_accepts_every_field(write_steps: WriteSteps) -> None:
    """All names of fields that reports show can be ignored."""
    names = ['Content-Type', 'cookie', 'cookie.a b.SameSite', 'session.a.b', 'capture.x', 'body']

    text = f"{STEP}ignore = {names}\ncapture = {{ x = '(y)' }}\n"
    [step] = load_steps(write_steps(text)).steps

    assert step.ignore == tuple(names)


def test_captures_belong_to_a_user(write_steps: WriteSteps) -> None:
    """A step cannot use what another user captured."""
    text = (
        f"{STEP}capture = {{ x = '(.)' }}\n"
        "[[step]]\nname = 'two'\npath = '/$x'\n"
        "[[step]]\nname = 'three'\npath = '/$x'\nvisitor = 'another'\n"
    )

    with pytest.raises(StepsError, match="step 'three': no earlier step of 'another'"):
        load_steps(write_steps(text))


def test_filled_replaces_captured_values() -> None:
    """Captured values are inserted into path, headers and nested JSON; $$ becomes $."""
    step = Step('s', '/$x', headers={'A': '$x$$'}, json={'a': ['${x}y', 1]})

    filled = step.filled({'x': 'found'})

    assert filled[:4] == ('/found', {'A': 'found$'}, None, {'a': ['foundy', 1]})


def test_find_searches_headers_and_body() -> None:
    """Captures find text in headers and in the body; one that finds nothing is left out."""
    text = response_text([('X-One', '1'), ('Set-Cookie', 'a=b; Path=/')], 'token: 7')
    step = Step(
        's', '/', capture={'cookie': '^set-cookie: a=([^;]+)', 'token': 'token: (.)', 'no': '(z)'}
    )

    assert step.find(text) == {'cookie': 'b', 'token': '7'}
