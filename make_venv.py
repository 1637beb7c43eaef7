"""Make `.venv` and install this project into it: `python3 make_venv.py [EXTRA]`.

A `.venv` that works is used again, with all that is installed in it. Any other is made anew: one
that an old Python made, one that was moved, and one whose installation was interrupted.

An old Python must be able to read this file, so it uses no annotations and no f-strings.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - old ones get here
    found = 'Python ' + '.'.join(map(str, sys.version_info[:3])) + ' (' + sys.executable + ')'
    sys.exit(
        'Python 3.11 or later is needed, and this is ' + found + ': install a newer one, then '
        'start this command with its name, such as python3.13'
    )

import os
import subprocess
import venv
from importlib.util import find_spec
from pathlib import Path

# The Python in `.venv` runs this. Without RECORD, which pip writes last, a package is incomplete.
CHECK = """
import sys, sysconfig
from importlib.metadata import distributions
found = list(distributions(path=[sysconfig.get_path('purelib')]))
has_pip = any(package.metadata['Name'] == 'pip' for package in found)
complete = all(package.read_text('RECORD') for package in found)
sys.exit(not (sys.version_info >= (3, 11) and has_pip and complete))
"""
WINDOWS = os.name == 'nt'

os.chdir(str(Path(__file__).resolve().parent))
programs = Path.cwd() / '.venv' / ('Scripts' if WINDOWS else 'bin')
python = str(programs / 'python')
target = '.[' + sys.argv[1] + ']' if sys.argv[1:] else '.'
try:
    # A program names its Python by the full path, so that those of a moved `.venv` do not run.
    pip = (programs / ('pip.exe' if WINDOWS else 'pip')).read_bytes()
    works = os.fsencode(python) in pip and not subprocess.call(  # noqa: S603
        [python, '-c', CHECK], stderr=subprocess.DEVNULL
    )
except OSError:
    works = False
try:
    if not works:
        if not find_spec('ensurepip'):
            package = 'python3.' + str(sys.version_info[1]) + '-venv'
            sys.exit(
                'This Python has no ensurepip, which a virtual environment needs: install it (on '
                'Debian and Ubuntu: sudo apt install ' + package + '), then repeat this command'
            )
        venv.create('.venv', clear=True, symlinks=not WINDOWS, with_pip=True)
    sys.exit(
        subprocess.call(  # noqa: S603
            [python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-e', target]
        )
    )
except (OSError, ValueError, subprocess.CalledProcessError) as error:
    sys.exit('.venv cannot be made: ' + str(error))
except KeyboardInterrupt:
    sys.exit(130)
