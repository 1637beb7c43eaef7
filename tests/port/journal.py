"""Port the app `tests/apps/journal` with the commands of the guide, `docs/flask-to-quart.md`."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.docs.markdown import code_blocks, read, section
from tests.processes import PATH

JOURNAL = ROOT / 'tests/apps/journal'
#: The changes that the guide makes by hand after the port.
BY_HAND = ROOT / 'tests/apps/journal_by_hand.diff'
GUIDE = section(read('docs/flask-to-quart.md'), '## Port an app, from start to end')
#: What running an app adds to its folder.
IGNORED = shutil.ignore_patterns('__pycache__', 'instance')


@dataclass
class Guide:
    """A folder in which the commands of the guide run.

    Attributes:
        folder: It contains `journal`, and after the port `journal_quart`.
        report: What the port printed.
    """

    folder: Path
    report: str = ''

    def __post_init__(self) -> None:
        """Copy the Flask app, and write the files that the guide shows."""
        shutil.copytree(JOURNAL, self.folder / 'journal', ignore=IGNORED)
        for source in code_blocks(GUIDE, 'python'):
            name, _, text = source.removeprefix('# ').partition('\n')
            (self.folder / name).write_text(text, 'utf-8')

    def run(
        self, heading: str, block: int = 0, options: str = ''
    ) -> subprocess.CompletedProcess[str]:
        """Run a block of commands of a section of the guide, the last with further options."""
        commands = code_blocks(section(GUIDE, f'### {heading}'), 'sh')[block]
        return self.run_commands(f'{commands.rstrip()} {options}')

    def run_commands(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Run shell commands with the programs of this environment."""
        return subprocess.run(
            ['bash', '-euc', commands],
            cwd=self.folder,
            env={
                **os.environ,
                'PATH': PATH,
                'PYTHONPATH': str(ROOT),
            },
            capture_output=True,
            text=True,
        )

    def port(self) -> None:
        """Port the app."""
        result = self.run('1. Port')
        assert result.returncode == 0, result.stdout + result.stderr
        self.report = result.stdout

    def change_by_hand(self) -> None:
        """Make the changes that the guide makes by hand."""
        subprocess.run(
            ['git', 'apply', str(BY_HAND)], cwd=self.folder / 'journal_quart', check=True
        )
