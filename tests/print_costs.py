"""Print the table of `compare cost` for `.ci/run`: `python -m tests.print_costs`.

Redis and PostgreSQL run on free ports of their own. A slow session is no failure, because a busy
machine would fail at random, but a command that fails is one.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.postgres_server import PostgresServer, make_template
from tests.redis_server import RedisServer

GOALS = """\
Goals: ours ÷ stock Quart at most 0.50; Redis ÷ minimum at most 1.20 for the session lesson, and
1.60 for 2 KB. A ratio of so few rounds varies by up to 20 % on a busy machine."""


def main() -> int:
    template = make_template()
    try:
        with (
            TemporaryDirectory() as folder,
            RedisServer(Path(folder)) as redis,
            PostgresServer(template) as postgres,
        ):
            stores = ('--redis', redis.url, '--postgresql', postgres.url)
            command = ('-m', 'quart', '--app', 'quart_session_demo', 'compare', 'cost')
            return subprocess.run((sys.executable, *command, '--rounds', '4', *stores)).returncode
    finally:
        shutil.rmtree(template)


if __name__ == '__main__':
    status = main()
    print(GOALS)
    sys.exit(status)
