"""The apps of `session`, `waiting` and `mixed`: the lesson, and a route that waits."""
