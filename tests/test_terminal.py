"""Text is printed in the terminal's width, without control characters, in color or not."""

import re
from io import StringIO

import pytest

from quart_session_demo.terminal import Terminal, cell_width, cut, pad, wrap

TEXT = (
    'error lifetime: A session lasts 400 days, and 你好世界设置session成功 is its text. '
    f'Set it to what {"x" * 45} prints, or remove {"y" * 90} from the settings.'
)


class Screen(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv('COLUMNS', '40')
    monkeypatch.delenv('NO_COLOR', raising=False)
    monkeypatch.setenv('TERM', 'xterm')
    return Screen()


@pytest.mark.parametrize('indent', [0, 4, 30])
@pytest.mark.parametrize('width', [20, 60, 80, 200])
def test_lines_fit_and_end_between_words(width: int, indent: int) -> None:
    """No line is too wide, and each word is whole, or shortened with … if no line could hold it."""
    lines = wrap(TEXT, width, indent=indent, prefix='- ')

    assert all(cell_width(line) <= width for line in lines)
    words = set(TEXT.split())
    for word in ' '.join(lines).removeprefix('- ').split():
        assert word in words or '…' in word or not word.isascii()
    assert [line for line in lines if '…' in line] == [
        line for line in lines if cell_width(line) == width and '…' in line
    ]


def test_chinese_text_is_two_columns_wide() -> None:
    """A line may end beside a Chinese character, which takes two columns, and loses none."""
    lines = wrap('你好世界' * 10, 11)

    assert ''.join(lines) == '你好世界' * 10
    assert {cell_width(line) for line in lines} == {10}
    assert pad('你好', 6) == '你好  '


def test_long_word_is_less_indented() -> None:
    """A word that fits in the width, but not beside the indentation, stays whole."""
    assert wrap('name ' + 'x' * 18, 20, indent=8) == ['        name', '  ' + 'x' * 18]


@pytest.mark.parametrize('text', ['设置session成功' * 5, '/a/long/path/of/a/steps.toml', 'short'])
def test_cut_shows_both_ends(text: str) -> None:
    """What does not fit loses its middle, so that a path keeps its file."""
    for width in range(3, 80):
        assert cell_width(cut(text, width)) <= width
    assert cut('/home/user/shop/steps.toml', 15) == '/home/u…ps.toml'


def test_pipe_gets_whole_lines() -> None:
    """Without a terminal a line is as long as its text, and has no color."""
    stream = StringIO()

    Terminal(stream).print(TEXT, prefix='error ', color='red')

    assert stream.getvalue() == f'error {TEXT}\n'


def test_terminal_is_colored(screen: Screen) -> None:
    """In a terminal the text has its color, or with a prefix its first word."""
    terminal = Terminal(screen)

    terminal.print('failed', color='red')
    terminal.print('a step', prefix='✗  GET /  ', color='red')

    assert screen.getvalue() == '\x1b[31mfailed\x1b[0m\n\x1b[31m✗\x1b[0m  GET /  a step\n'


@pytest.mark.parametrize(('name', 'value'), [('NO_COLOR', '1'), ('TERM', 'dumb')])
def test_no_color_is_respected(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """With `NO_COLOR`, or if it is dumb, a terminal gets no escape sequence."""
    monkeypatch.setenv(name, value)

    Terminal(screen).print('failed', color='red')

    assert screen.getvalue() == 'failed\n'


@pytest.mark.parametrize('columns', ['', '0', 'wide', '-1'])
def test_unknown_width_is_eighty(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """A terminal that does not report a width, and no useful COLUMNS, means 80 columns."""
    monkeypatch.setenv('COLUMNS', columns)

    assert Terminal(screen).columns == 80


def test_control_characters_are_escaped() -> None:
    """No character of a text controls the terminal; text of any language stays."""
    stream = StringIO()

    Terminal(stream).print('\x1b[31m\x07\x9b\u202e\u2028 é 中文\u3000', prefix='\x1b]0;t ')

    assert stream.getvalue() == r'\x1b]0;t \x1b[31m\x07\x9b\u202e\u2028 é 中文' + '\n'


def test_indented_lines_stay_indented() -> None:
    """The lines of a log keep their indentation."""
    assert wrap('File "a.py"\n    return 1 + 2', 12, indent=2) == [
        '  File',
        '  "a.py"',
        '      return',
        '      1 + 2',
    ]
    assert not re.search(r'\s$', '\n'.join(wrap('a  \nb ', 9)))
