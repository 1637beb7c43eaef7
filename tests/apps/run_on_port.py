"""Run a script or a package's `__main__` on another port: `run_on_port.py PORT PATH`."""

import functools
import runpy
import sys
from typing import Any

from flask import Flask
from quart import Quart


def main(port: int, path: str) -> None:
    """Run the script as `python PATH` does, without the reloader's second process."""
    for framework in (Quart, Flask):
        change_port(framework, port)
    # The development server has an option; the other scripts ignore it.
    sys.argv[1:] = ['--port', str(port)]
    runpy.run_path(path, run_name='__main__')


def change_port(framework: type[Any], port: int) -> None:
    """Make an app class's `run` listen on a port."""
    run = framework.run

    @functools.wraps(run)
    def run_on_port(app: Any, **options: Any) -> None:
        run(app, **{**options, 'port': port, 'use_reloader': False})

    framework.run = run_on_port


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2])
