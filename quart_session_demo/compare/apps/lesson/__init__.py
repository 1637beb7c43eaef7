"""The lesson in Flask, for the comparison with `quart_session_demo.lesson`."""
