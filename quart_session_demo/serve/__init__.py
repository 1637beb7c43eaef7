"""Start any ASGI app on Hypercorn, as a platform needs it.

`python -m quart_session_demo.serve MODULE:APP` holds what an app must not: port, processes,
signals, and a stop that answers the requests that were sent.
"""
