"""ASGI middleware that any app can use: each class wraps one app."""
