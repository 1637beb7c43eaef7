"""Which part of the package may import which, and that no two import each other."""

import ast
import graphlib
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

NAME = 'quart_session_demo'
# The modules by their name within the package; '' is the package itself.
MODULES = {
    '.'.join(path.relative_to(ROOT / NAME).with_suffix('').parts)
    .removesuffix('__init__')
    .removesuffix('.'): path
    for path in (ROOT / NAME).rglob('*.py')
}

# What each part may import besides itself, at the top of a module or in a function. A part is a
# module or a folder, without the parts inside it that have a line of their own.
MAY_IMPORT: dict[str, set[str]] = {
    '': {'config', 'factory', 'terminal'},
    '__main__': {'', 'middleware'},
    'cross_site': set(),
    'lesson': set(),
    'log_filters': set(),
    'signals': set(),
    'terminal': set(),
    'tables': {'terminal'},
    'middleware': set(),
    'serve': {'middleware'},
    'playground': {'cross_site', 'sessions', 'sessions.limits', 'sessions.server'},
    'session_pages': {'cross_site', 'sessions'},
    'sessions': {
        'sessions.cookie_settings',
        'sessions.extras',
        'sessions.limits',
        'sessions.redis',
        'sessions.server',
        'sessions.settings',
        'sessions.sql',
        'sessions.validators',
    },
    'sessions.extras': set(),
    'sessions.limits': set(),
    'sessions.validators': {'sessions.extras'},
    'sessions.settings': {'sessions.limits', 'sessions.validators'},
    'sessions.cookie_settings': {'sessions.settings'},
    'sessions.redis_selection': {'sessions.validators'},
    'sessions.server': {
        'sessions',
        'sessions.limits',
        'sessions.settings',
        'sessions.validators',
    },
    'sessions.server.redis': {
        'sessions',
        'sessions.redis_selection',
        'sessions.server',
        'sessions.settings',
        'sessions.validators',
    },
    'sessions.server.sql': {
        'sessions',
        'sessions.server',
        'sessions.settings',
        'sessions.validators',
    },
    'sessions.sql': {'sessions.extras', 'sessions.server', 'sessions.server.sql'},
    'sessions.redis': {
        'sessions',
        'sessions.extras',
        'sessions.server',
        'sessions.server.redis',
        'sessions.settings',
    },
    'config': {
        'sessions.cookie_settings',
        'sessions.redis_selection',
        'sessions.settings',
        'sessions.validators',
    },
    'secret_key': {'config'},
    'deploy_check': {
        'config',
        'middleware',
        'secret_key',
        'sessions',
        'sessions.cookie_settings',
        'sessions.limits',
        'sessions.settings',
        'sessions.validators',
    },
    'compare': {
        '',
        'sessions',
        'sessions.redis',
        'sessions.server',
        'sessions.server.redis',
        'sessions.sql',
        'signals',
        'tables',
        'terminal',
    },
    'compare.apps.sync_views': {'serve'},
    'port': {'cli.port', 'terminal'},
    'cli': {
        'deploy_check',
        'secret_key',
        'sessions',
        'sessions.extras',
        'sessions.server',
        'signals',
        'tables',
        'terminal',
    },
    'cli.compare': {'cli', 'compare', 'sessions', 'terminal'},
    'cli.port': {'cli', 'port'},
    'factory': {
        'cli',
        'cli.compare',
        'cli.port',
        'config',
        'lesson',
        'log_filters',
        'middleware',
        'playground',
        'secret_key',
        'session_pages',
        'sessions',
        'sessions.redis',
        'wsgi',
    },
    'wsgi': set(),
}


def part(module: str) -> str:
    while module not in MAY_IMPORT:
        module = module.rpartition('.')[0]
    return module


def imports(module: str, nodes: Iterator[ast.AST]) -> set[str]:
    """Return the package's modules that these import statements name."""
    found = set()
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{module} imports relatively'
            names = [f'{node.module}.{alias.name}' for alias in node.names]
        for name in names:
            if name == NAME or name.startswith(f'{NAME}.'):
                inner = name.removeprefix(NAME).removeprefix('.')
                # `from module import name` names a module, or something in one.
                found.add(inner if inner in MODULES else inner.rpartition('.')[0])
    return found


def at_import(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the statements that run when a module is imported."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING':
            continue
        yield node
        for field in ('body', 'orelse', 'finalbody', 'handlers'):
            yield from at_import(getattr(node, field, []))


def parse(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text('utf-8'))


@pytest.mark.parametrize('module', sorted(MODULES))
def test_module_imports_only_what_it_may(module: str) -> None:
    """A module imports its own part, and the parts that `MAY_IMPORT` lists for it."""
    imported = {part(name) for name in imports(module, ast.walk(parse(module)))}

    assert imported - {part(module)} <= MAY_IMPORT[part(module)]


def test_every_part_exists() -> None:
    """`MAY_IMPORT` has no line for a part that is gone."""
    assert MAY_IMPORT.keys() <= MODULES.keys()


def test_modules_import_each_other_in_no_cycle() -> None:
    """No module needs, directly or through others, a module that needs it to be imported."""
    graph = {}
    for module in MODULES:
        graph[module] = imports(module, at_import(parse(module).body))
        for name in list(graph[module]):
            # Importing a module imports the packages around it.
            while name := name.rpartition('.')[0]:
                if not module.startswith(f'{name}.') and module != name:
                    graph[module].add(name)

    graphlib.TopologicalSorter(graph).prepare()
