"""Run the starter: `python -m quart_session_demo.serve MODULE:APP`."""

from quart_session_demo.serve import signals

if __name__ == '__main__':
    # Before the imports below, which take time: until then, a process with the number 1, as in a
    # container, ignores SIGTERM.
    signals.install()
    from quart_session_demo.serve.command import run

    run()
