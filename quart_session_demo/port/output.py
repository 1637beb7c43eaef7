"""Write the ported app to a new folder, or into its own files."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path

from quart_session_demo.port.sources import is_skipped


class OutputError(Exception):
    """The ported app cannot be written: the message is one line with the reason."""


def copied_path(output: Path, paths: Sequence[Path], file: Path) -> Path:
    """Return where the copy of a file is.

    The content of a single folder is copied; of several paths, each has its own name.
    """
    for path in paths:
        if file == path or path in file.parents:
            root = path if len(paths) == 1 and path.is_dir() else path.parent
            return output / file.relative_to(root)
    raise ValueError(f'{file} is in none of the paths')


def write_copy(output: Path, paths: Sequence[Path], ported: Mapping[Path, bytes]) -> None:
    """Write a new folder with all files, ported where they change.

    Raises:
        OutputError: The folder exists and is not empty, or a path is in another one.
    """
    for path, other in permutations(map(Path.absolute, paths), 2):
        if path.is_relative_to(other):
            raise OutputError(f'{path} is in {other}: give only one of them')
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f'{output} exists: give a new folder')

    def ignored(folder: str, names: Iterable[str]) -> list[str]:
        return [name for name in names if is_skipped(Path(folder, name), output)]

    for path in paths:
        target = copied_path(output, paths, path)
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for file, source in ported.items():
        copied_path(output, paths, file).write_bytes(source)


def write_in_place(ported: Mapping[Path, bytes]) -> None:
    """Change the files, if git can undo that.

    Raises:
        OutputError: A file is not in git, or the work tree has changes that are not committed.
    """
    for path in ported:
        if not _git(path.parent, 'ls-files', '--', path.name):
            raise OutputError(f'{path} is not in git, which could undo the change: use --output')
    for folder in {path.parent for path in ported}:
        if _git(folder, 'status', '--porcelain'):
            raise OutputError('the git work tree has changes: commit them first, or use --output')
    for path, source in ported.items():
        path.write_bytes(source)


def _git(folder: Path, *arguments: str) -> str:
    """Return what a git command prints; nothing if it fails."""
    try:
        result = subprocess.run(  # noqa: S603
            ['git', '-C', folder, *arguments],  # noqa: S607
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise OutputError('--in-place needs git, to undo it: use --output') from None
    return result.stdout
