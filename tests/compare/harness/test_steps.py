import os
from pathlib import Path

import pytest

from quart_session_demo.compare.harness.steps import LESSON, Step, StepsError, load, response_text

STEP = "[[step]]\nname = 'one'\npath = '/'\n"
RESTART = STEP + "[[step]]\nname = 'again'\nrestart = {{{}}}\n"


def test_load_reads_the_lesson() -> None:
    steps = load(LESSON).steps

    routes = {step.path.partition('?')[0] for step in steps if step.method == 'GET'}
    assert routes >= {
        *('/', '/get_session/', '/del_session/', '/del_session/pop/', '/del_session/del/'),
        '/browser_session/',
    }
    assert {step.method for step in steps} >= {'GET', 'HEAD', 'OPTIONS', 'POST'}
    assert sum(step.handover for step in steps) >= 4


def test_load_gives_a_step_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / 'steps.toml'
    path.write_text(STEP)

    assert load(path).steps == (Step('one', '/', visitor='visitor', method='GET'),)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('[[step]]\nname = one\n', 'at line 2'),
        (STEP + 'wait = \n', "step 'one': Invalid value (at line 4"),
        (STEP + "ignore = ['a'\n" + STEP, "step 'one': Unclosed array (at line 5"),
        (STEP + "headers = { A = 'x'", "step 'one': Unclosed inline table (at end"),
        (STEP + '[[step]]\nwait = \n' + STEP, 'step 2: Invalid value (at line 5'),
        (STEP + "[[declared]]\nreason = 'r'\nfields = x\n", "declared 'r': Invalid value"),
        ('step = \n', ': Invalid value (at line 1'),
        ('', 'there is no [[step]] with a path'),
        (STEP.replace("'/'", "'/a/../b?c'"), "step 'one': `path` has . or .. between slashes"),
        (STEP.replace("'/'", "'/a/.#b'"), "step 'one': `path` has . or .. between slashes"),
        (STEP + "method = 'post'\n", "step 'one': `method` 'post' is none that HTTP knows, in"),
        ("[[step]]\nname = 'one'\nrestart = {}\n", 'there is no [[step]] with a path'),
        ("[step]\nname = 'one'\n", 'write [[step]], with two brackets'),
        ("[[steps]]\nname = 'one'\n", "'steps' is neither [[step]] nor [[declared]]"),
        ("[[step]]\npath = '/'\n", 'step 1: Object missing required field `name`'),
        (STEP + '[[step]]\n', 'step 2: Object missing required field `name`'),
        ('step = [1]\n', 'step 1: Expected `object`, got `int`'),
        (STEP + 'pth = 1\n', "step 'one': Object contains unknown field `pth`"),
        (STEP + 'method = 1\n', "step 'one': Expected `str`, got `int` - at `$.method`"),
        (STEP + 'headers = { X = 1 }\n', "step 'one': Expected `str`, got `int`"),
        (STEP + "ignore = 'body'\n", "step 'one': Expected `array`, got `str`"),
        (STEP + "wait = 'long'\n", "step 'one': Expected `float`, got `str`"),
        (STEP + 'wait = -1\n', "step 'one': Expected `float` >= 0"),
        (STEP + STEP, "step 'one': an earlier step has that name"),
        ("[[step]]\nname = 'one'\n", "step 'one': `path` must start with /"),
        ("[[step]]\nname = 'one'\npath = 'x'\n", "step 'one': `path` must start with /"),
        (STEP + 'restart = {}\n', "step 'one': `restart` and `path` exclude each other"),
        (STEP + 'form = {}\njson = 1\n', "step 'one': `form` and `json` exclude each other"),
        (STEP + "capture = { x = '(' }\n", "step 'one': `capture` of 'x': missing )"),
        (STEP + "capture = { x = 'y' }\n", "`capture` of 'x': the pattern needs one group"),
        (
            STEP + "capture = { my-token = '(y)' }\n[[step]]\nname = 'two'\npath = '/$my-token'\n",
            "step 'one': `capture`: the name 'my-token' is not of ASCII letters, digits and _",
        ),
        (
            STEP + "capture = { '令牌' = '(y)' }\n",
            "step 'one': `capture`: the name '令牌' is not of",
        ),
        (STEP + "capture = { 1st = '(y)' }\n", "step 'one': `capture`: the name '1st' is not of"),
        (STEP + "headers = { X = '$y' }\n", "step 'one': no earlier step of 'visitor' captures $y"),
        (STEP + "json = ['$y']\n", "step 'one': no earlier step of 'visitor' captures $y"),
        (STEP + "form = { price = '5 $' }\n", "step 'one': write $$ for a plain $ in '5 $'"),
        (STEP + '[[declared]]\nfields = []\n', 'declared 1: Object missing required field'),
        (RESTART.format("'' = 'x'"), "step 'again': `restart`: no variable can have the name ''"),
        (RESTART.format("'A=B' = 'x'"), "`restart`: no variable can have the name 'A=B'"),
        (
            RESTART.format('') + 'form = {}\n',
            "step 'again': `restart` and `form` exclude each other: make two steps of them",
        ),
        (
            STEP + f'json = {"[" * 102}{"]" * 102}\n',
            "step 'one': `json` is nested more than 100 levels deep",
        ),
        (STEP + f'json = {"[" * 9999}{"]" * 9999}\n', 'a value is nested too deeply'),
        (STEP + "ignore = ['Set-Cookie']\n", "step 'one': `ignore`: no field can have the name"),
        (STEP + "ignore = ['headers.x']\n", "no field can have the name 'headers.x'"),
        (
            STEP + "[[declared]]\nreason = 'r'\nfields = ['']\n",
            "declared 'r': `fields`: no field can have the name ''",
        ),
        (
            STEP + "[[declared]]\nreason = 'r'\nfields = []\nsteps = ['two']\n",
            "declared 'r': there is no step 'two'",
        ),
    ],
)
def test_load_names_a_mistake_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'steps.toml'
    path.write_text(text)

    with pytest.raises(StepsError) as caught:
        load(path)

    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert '\n' not in str(caught.value)


def test_load_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / 'none.toml'

    with pytest.raises(StepsError, match=f'{os.strerror(2)}$'):
        load(path)


def test_load_takes_every_name_of_a_field(tmp_path: Path) -> None:
    path = tmp_path / 'steps.toml'
    names = ['Content-Type', 'cookie', 'cookie.a b.SameSite', 'session.a.b', 'capture.x', 'body']
    path.write_text(f'{STEP}ignore = {names}\n')

    assert load(path).steps[0].ignore == tuple(names)


def test_load_refuses_what_another_visitor_captured(tmp_path: Path) -> None:
    path = tmp_path / 'steps.toml'
    path.write_text(
        f"{STEP}capture = {{ x = '(.)' }}\n"
        "[[step]]\nname = 'two'\npath = '/$x'\n[[step]]\nname = 'three'\npath = '/$x'\n"
        "visitor = 'another'\n"
    )

    with pytest.raises(StepsError, match="step 'three': no earlier step of 'another'"):
        load(path)


def test_filled_replaces_what_was_captured_everywhere() -> None:
    step = Step('s', '/$x', headers={'A': '$x$$'}, json={'a': ['${x}y', 1]})

    assert step.filled({'x': 'found'}) == ['/found', {'A': 'found$'}, None, {'a': ['foundy', 1]}]


def test_find_searches_headers_and_body() -> None:
    text = response_text([('X-One', '1'), ('Set-Cookie', 'a=b; Path=/')], 'token: 7')
    step = Step(
        's', '/', capture={'cookie': '^set-cookie: a=([^;]+)', 'token': 'token: (.)', 'no': '(z)'}
    )

    assert step.find(text) == {'cookie': 'b', 'token': '7'}
