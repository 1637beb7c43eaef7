"""Import a module and print which `QUART_*` variables were read, and all loaded modules.

A program for tests: `python environment_reads.py MODULE`.
"""

import importlib
import os
import sys
from collections.abc import Iterator

# Quart loads wsgiref, which copies the whole environment.
import quart  # noqa: F401

read: set[str] = set()


class RecordedEnvironment(type(os.environ)):  # type: ignore[misc]
    """The environment, which records what is read of it."""

    def __getitem__(self, name: str) -> str:
        read.add(name)
        return str(super().__getitem__(name))

    def __iter__(self) -> Iterator[str]:
        read.add('QUART_*')
        yield from super().__iter__()


os.environ.__class__ = RecordedEnvironment
importlib.import_module(sys.argv[1])
print(*(name for name in read if name.startswith('QUART_')))
print(*sys.modules)
