"""Find the calls with which a Quart app blocks its event loop."""
