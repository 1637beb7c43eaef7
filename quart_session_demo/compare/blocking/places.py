"""Find the line of the user's own code in a stack."""

import os
import subprocess
import sysconfig
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

#: The folders of Python itself and of this command.
OTHER_FOLDERS = tuple(
    f'{os.path.realpath(folder)}{os.sep}'
    for folder in (
        sysconfig.get_path('stdlib'),
        sysconfig.get_path('platstdlib'),
        Path(__file__).parent,
    )
)
#: The names of the folders of installed packages, which may be inside the user's own folder.
PACKAGE_FOLDERS = {'site-packages', 'dist-packages'}

#: The functions that start a thread or a process.
STARTS = (threading.Thread.start.__code__, subprocess.Popen._execute_child.__code__)  # type: ignore[attr-defined]


class Place(NamedTuple):
    """A line of code.

    Attributes:
        file: The file's path.
        line: The line's number.
        is_own: Whether the user wrote it. Otherwise there is no such line in the stack.
    """

    file: str
    line: int
    is_own: bool


class Position(NamedTuple):
    """Where a frame of a stack is.

    Attributes:
        code: The function.
        line: The line; None if the instruction has none.
        instruction: The index of the instruction.
        template: Jinja's template, if the function was compiled from one.
    """

    code: CodeType
    line: int | None
    instruction: int
    template: Any


def read_stack(innermost: FrameType) -> list[Position]:
    """Return where the frames of another thread are.

    This calls nothing that lets that thread go on, such as a function of the file system.
    """
    stack = []
    frame: FrameType | None = innermost
    while frame:
        template = frame.f_globals.get('__jinja_template__')
        stack.append(Position(frame.f_code, frame.f_lineno, frame.f_lasti, template))
        frame = frame.f_back
    return stack


def find_place(stack: Sequence[Position]) -> Place:
    """Return the innermost line of the user's own code, or else the innermost line."""
    for position in stack:
        if is_own_file(position.code.co_filename):
            return _place(position, is_own=True)
    return _place(stack[0], is_own=False)


def starts_another(stack: Sequence[Position]) -> bool:
    """Return whether a stack waits until a thread or process that it started runs."""
    return any(position.code in STARTS for position in stack)


@lru_cache(None)
def is_own_file(file: str) -> bool:
    """Return whether a file is neither Python's nor of an installed package."""
    # `<string>`, `<frozen importlib>`, `<template>`: no files.
    return (
        not file.startswith('<')
        and PACKAGE_FOLDERS.isdisjoint(Path(file).parts)
        and not os.path.realpath(file).startswith(OTHER_FOLDERS)
    )


def _place(position: Position, *, is_own: bool) -> Place:
    line = position.line or _line_before(position)
    # Jinja compiles a template to Python with other lines, under the template's file name.
    if position.template:
        line = position.template.get_corresponding_lineno(line)
    return Place(position.code.co_filename, line, is_own)


def _line_before(position: Position) -> int:
    """Return the line before an instruction that has none, as the end of an `async for` in 3.11."""
    before = [
        line
        for start, _, line in position.code.co_lines()
        if line and start <= position.instruction
    ]
    return before[-1] if before else position.code.co_firstlineno
