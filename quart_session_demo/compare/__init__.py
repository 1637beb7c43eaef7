"""Compare a Flask app with a Quart app: responses, load, and the cost of the session."""
