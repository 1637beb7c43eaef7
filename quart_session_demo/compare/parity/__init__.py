"""Compare the responses of a Flask app and its Quart port."""
