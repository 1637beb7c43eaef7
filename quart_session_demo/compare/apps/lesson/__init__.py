"""The lesson in Flask, and the steps that compare it with `quart_session_demo.lesson`."""
