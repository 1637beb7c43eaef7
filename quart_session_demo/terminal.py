"""Print text as a terminal needs it: in its width, without control characters, in color or not."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO
from unicodedata import category, east_asian_width

#: The width if a terminal does not report one.
DEFAULT_COLUMNS = 80
#: The codes of the colors (ECMA-48, SGR).
COLORS = {'bold': '1', 'red': '31', 'green': '32', 'yellow': '33'}
#: The parts of a word, between which a line may end: single wide characters, and all others. Not
#: compiled here: that takes longer than importing this module, and most processes print no text.
PARTS = (
    '[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]|'
    '[^\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]+'
)


class Terminal:
    """A stream to print on, which may be a terminal.

    Attributes:
        columns: The terminal's width; None for a file or a pipe, in which lines have any length.
        colored: Whether to print colors: on a terminal, unless `NO_COLOR` is set or `TERM` is dumb.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Print on a stream; None, which Python uses without a standard output, prints nothing."""
        self._stream = stream
        self.columns = _columns(stream) if stream and stream.isatty() else None
        is_plain = os.environ.get('NO_COLOR') or os.environ.get('TERM') == 'dumb'
        self.colored = self.columns is not None and not is_plain

    def print(
        self, text: str = '', *, prefix: str = '', indent: int = 0, color: str | None = None
    ) -> None:
        """Print a text and an end of line. In a terminal, lines end between words.

        Args:
            text: The text; its own lines stay separate.
            prefix: What stands before the text in the first line.
            indent: How many columns all other lines are indented, and the prefix is padded to.
            color: The color of the prefix's first word or, without a prefix, of the text.
        """
        if self._stream is None:
            return
        first, *lines = wrap(escape(text), self.columns, indent=indent, prefix=escape(prefix))
        if color and self.colored:
            end = len(prefix.partition(' ')[0]) or len(first)
            first = f'{self._styled(first[:end], color)}{first[end:]}'
            if not prefix:
                lines = [self._styled(line, color) for line in lines]
        self.write(''.join(f'{line}\n' for line in (first, *lines)))

    def write(self, text: str) -> None:
        """Write a text as it is. Characters that the encoding does not have are escaped.

        Raises:
            OSError: The text cannot be written. On standard error that is ignored: a command can
                still print its results.
        """
        if self._stream is None:
            return
        encoding = self._stream.encoding or 'utf-8'
        try:
            self._stream.write(text.encode(encoding, 'backslashreplace').decode(encoding))
            self._stream.flush()
        except OSError:
            if self._stream is not sys.stderr:
                raise
            discard(self._stream)

    def _styled(self, text: str, color: str) -> str:
        return f'\x1b[{COLORS[color]}m{text}\x1b[0m' if text else text


def standard_output() -> Terminal:
    """Return standard output."""
    return Terminal(sys.stdout)


def standard_error() -> Terminal:
    """Return standard error."""
    return Terminal(sys.stderr)


def discard(stream: TextIO) -> None:
    """Discard what is written to a stream, and what it holds, after it could not be written.

    Otherwise Python, which flushes the standard streams when it exits, would print a traceback and
    exit with another status.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def print_json(content: object) -> None:
    """Print one JSON document on standard output, in ASCII so that any encoding has it."""
    standard_output().write(json.dumps(content, indent=2) + '\n')


def escape(text: str) -> str:
    """Return a text without the characters that control a terminal; line feeds stay."""
    return re.sub(r'[^\n -~]', lambda match: _escaped(match[0]), text)


def cell_width(text: str) -> int:
    """Return how many columns a text takes: a Chinese character takes two."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def cut(text: str, width: int) -> str:
    """Return a text, with … in place of its middle if it does not fit in a width."""
    if cell_width(text) <= width:
        return text
    start = end = ''
    # The end of a path is its file.
    for head, tail in zip(text, reversed(text), strict=True):
        if cell_width(start + head + end) >= width:
            break
        start += head
        if cell_width(start + tail + end) >= width:
            break
        end = tail + end
    return f'{start}…{end}'


def pad(text: str, width: int) -> str:
    """Return a text with spaces up to a width."""
    return text + ' ' * (width - cell_width(text))


def wrap(text: str, width: int | None, *, indent: int = 0, prefix: str = '') -> list[str]:
    """Return the lines of a text, which end between words.

    A word that is too long for its line is less indented. If it is longer than the whole width, its
    middle is cut.

    Args:
        text: The text; its own lines stay separate.
        width: The width of the lines; None for any.
        indent: How many columns the lines after the first are indented.
        prefix: What stands before the text in the first line.
    """
    # Even a narrow terminal has space for some words beside the indentation.
    indent = indent if width is None else min(indent, 2 * width // 3)
    start = pad(prefix, indent)
    lines: list[str] = []
    for paragraph in text.split('\n'):
        lines.extend(_wrap_paragraph(paragraph, width, start, indent))
        start = ' ' * indent
    return lines


def _wrap_paragraph(text: str, width: int | None, line: str, indent: int) -> Iterator[str]:
    """Yield the lines of a paragraph whose first line begins with `line`."""
    if width is None or cell_width(line + text) <= width:
        yield (line + text).rstrip()
        return
    # Spaces at the beginning indent the whole paragraph.
    margin = min(indent + len(text) - len(text.lstrip()), 2 * width // 3)
    line += ' ' * (margin - indent)
    has_words = False
    for space, word in _words(text.strip()):
        if has_words and cell_width(line + space + word) <= width:
            line += space + word
            continue
        if has_words or (line.strip() and cell_width(line + word) > width):
            yield line.rstrip()
            line = ' ' * margin
        if not line.strip():
            word = cut(word, width)
            line = ' ' * min(margin if has_words else len(line), width - cell_width(word))
        line += word
        has_words = True
    yield line.rstrip()


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Yield the words, each with the spaces before it. Lines may end beside Chinese characters."""
    for space, word in re.findall('( *)([^ ]+)', text):
        for part in re.findall(PARTS, word):
            yield space, part
            space = ''


def _character_width(character: str) -> int:
    if category(character) in ('Mn', 'Me', 'Cf'):
        return 0
    return 2 if east_asian_width(character) in 'FW' else 1


def _escaped(character: str) -> str:
    # Control characters, marks of writing direction, and separators of lines.
    is_control = category(character)[0] == 'C' or category(character) in ('Zl', 'Zp')
    return repr(character)[1:-1] if is_control else character


def _columns(stream: TextIO) -> int:
    # As for other programs, the variable overrides what the terminal reports.
    with suppress(ValueError):
        if (columns := int(os.environ.get('COLUMNS', ''))) > 0:
            return columns
    with suppress(OSError):
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_COLUMNS
    return DEFAULT_COLUMNS
