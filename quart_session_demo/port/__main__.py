"""Port a Flask app to Quart: `python -m quart_session_demo.port`."""

from quart_session_demo.cli.port import port

if __name__ == '__main__':
    port(prog_name='python -m quart_session_demo.port')
