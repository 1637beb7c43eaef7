"""Find the files of an app: Python modules, and all others."""

import ast
import re
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper

from quart_session_demo.port.analysis.modules import Module, ModuleSet, module_name

#: Folders that are not part of the app.
SKIPPED_FOLDERS = frozenset(
    ['.eggs', '.git', '.hg', '.nox', '.svn', '.tox', '__pycache__', 'node_modules', 'site-packages']
)

#: How deep expressions and blocks may be nested. A sum has a level for each of its terms.
MAX_DEPTH = 1000


@dataclass(frozen=True)
class Sources:
    """The files of some folders.

    Attributes:
        python: The content of each Python file.
        names: The name that imports use for each Python file.
        others: All other files.
        ported: The Python files that a port has changed.
    """

    python: dict[Path, bytes] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)
    ported: frozenset[Path] = frozenset()

    def with_ported(self, ported: Mapping[Path, bytes]) -> 'Sources':
        """Return the same files, some of them with other content."""
        return replace(self, python={**self.python, **ported}, ported=frozenset(ported))

    def texts(self, suffixes: Container[str]) -> Iterator[tuple[Path, str]]:
        """Yield the content of the other files with one of these suffixes."""
        for path in self.others:
            if path.suffix in suffixes:
                yield path, path.read_text('utf-8', 'replace')


def is_skipped(path: Path, output: Path | None = None) -> bool:
    """Return whether a file or folder is not part of the app.

    Args:
        path: The file or folder.
        output: Where the ported app is written.
    """
    if output is not None and path.absolute() == output.absolute():
        return True
    if path.is_dir():
        is_cache = path.name.startswith('.') and path.name.endswith('_cache')
        return is_cache or path.name in SKIPPED_FOLDERS or (path / 'pyvenv.cfg').exists()
    return not path.is_file() and not path.is_symlink()


def read_sources(paths: Sequence[Path], *, output: Path | None = None) -> Sources:
    """Read files, and the files of folders.

    Args:
        paths: Folders and Python files.
        output: A folder that is skipped, because the ported app is written to it.
    """
    sources = Sources()
    for path in paths:
        root = path if path.is_dir() else path.parent
        for file in _files(path, output) if path.is_dir() else [path]:
            if file.suffix == '.py' or file == path:
                sources.python[file] = file.read_bytes()
                sources.names[file] = module_name(file, root)
            else:
                sources.others.append(file)
    return sources


def _files(folder: Path, output: Path | None) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if is_skipped(path, output):
            continue
        if path.is_dir():
            # A link could lead to a folder that it is in.
            if not path.is_symlink():
                yield from _files(path, output)
        elif path.is_file():
            yield path


def parse(sources: Sources, known: Iterable[Module] = ()) -> tuple[ModuleSet, dict[Path, str]]:
    """Parse the files that can have to do with Flask or Quart.

    Args:
        sources: The files.
        known: Modules that were parsed before. They are used again, unless a port has changed
            their source.

    Returns:
        The modules, and why other files cannot be parsed.
    """
    by_path = {module.path: module for module in known}
    relevant = _relevant(sources)
    modules: list[Module] = []
    errors: dict[Path, str] = {}
    for path, source in sources.python.items():
        if not relevant.search(source) and not path.name.startswith('test'):
            continue
        if (module := by_path.get(path)) is not None and path not in sources.ported:
            modules.append(module)
            continue
        try:
            _require_flat(source)
            tree = cst.parse_module(source)
            # The tree is new, so that no other code has its nodes.
            wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
            was_ported = path in sources.ported
            modules.append(Module(path, sources.names[path], wrapper, was_ported=was_ported))
        except cst.ParserSyntaxError as error:
            errors[path] = _text(error)
        except (LookupError, MemoryError, RecursionError, SyntaxError, ValueError) as error:
            errors[path] = str(error)
    return ModuleSet(modules), errors


def _text(error: cst.ParserSyntaxError) -> str:
    # LibCST's own place is the end of what it has read.
    message = re.sub(r'error at \d+:\d+: ', '', error.message.splitlines()[0])
    return f'line {error.raw_line}: {message}'


def _require_flat(source: bytes) -> None:
    """Raise RecursionError for source that is nested so deeply that LibCST would crash."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            nodes: list[ast.AST] = [ast.parse(source)]
    except (SyntaxError, ValueError) as error:
        # LibCST reports all others. It also knows the syntax of later versions of Python.
        if 'too many nested' in str(error):
            raise RecursionError('too many nested parentheses') from None
        return
    for _ in range(MAX_DEPTH):
        nodes = [inner for node in nodes for inner in ast.iter_child_nodes(node)]
        if not nodes:
            return
    raise RecursionError(f'nested more than {MAX_DEPTH} levels deep')


def _relevant(sources: Sources) -> re.Pattern[bytes]:
    """Return what occurs in files that use Flask, Quart, or another module of the app."""
    packages = {re.escape(name.partition('.')[0]) for name in sources.names.values()}
    own = '|'.join(sorted(packages))
    return re.compile(
        rf'flask|quart|^\s*(?:from|import)\s+(?:\.|(?:{own})\b)'.encode(),
        re.IGNORECASE | re.MULTILINE,
    )
