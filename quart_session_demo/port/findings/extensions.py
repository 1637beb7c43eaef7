"""Find the Flask extensions that do not work on Quart."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import libcst as cst

from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.imports import imported_modules
from quart_session_demo.port.findings.finding import Finding, finding

#: What is known of each extension, by the package that is imported.
EXTENSIONS: dict[str, dict[str, Any]] = tomllib.loads(
    (files(__package__) / 'extensions.toml').read_text('utf-8')
)

_TEXTS = {'no': 'does not work on Quart', 'partly': 'works on Quart only in part'}


def find_extensions(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield the imports of Flask extensions."""
    for statement in propagation.collected[module].imports:
        for package in sorted(imported_packages(statement)):
            if propagation.modules.find(package) is not None:
                continue
            known = EXTENSIONS.get(package)
            if known is None and re.match(r'flask_\w', package):
                text = f'`{package}` is made for Flask, and was not tried on Quart'
                remedy = 'look for an extension of Quart, or a library that needs no framework'
                yield finding(module, statement, 'extension', text, remedy)
            elif known is not None and known['works'] != 'yes':
                checked = '' if known['checked'] else ' (not tried)'
                text = f'{known["name"]} {_TEXTS[known["works"]]}{checked}'
                yield finding(module, statement, 'extension', text, known['remedy'])


def imported_packages(statement: cst.Import | cst.ImportFrom) -> set[str]:
    """Return the top-level packages of an import statement."""
    return {name.partition('.')[0] for name in imported_modules(statement)}
