"""The starter on a system that refuses to start its third process once."""

import runpy
import subprocess
from typing import Any


class Process(subprocess.Popen[bytes]):
    started = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        Process.started += 1
        if Process.started == 3:
            raise BlockingIOError(11, 'refused')
        super().__init__(*arguments, **options)


if __name__ == '__main__':
    subprocess.Popen = Process  # type: ignore[assignment, misc]
    runpy.run_module('quart_session_demo.serve', run_name='__main__', alter_sys=True)
