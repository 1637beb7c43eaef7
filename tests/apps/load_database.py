"""Start the PostgreSQL of `compare load`, print its URL and its folder, and wait for a signal."""

import signal

import psycopg

from quart_session_demo.compare.load.database import run_postgres
from quart_session_demo.signals import exit_on_signals

with exit_on_signals(), run_postgres(None, connections=1) as database:
    with psycopg.connect(database.url) as connection:
        [(folder,)] = connection.execute('SHOW data_directory').fetchall()
        [(pid,)] = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchall()
    print(pid.split()[0], folder, flush=True)
    signal.pause()
