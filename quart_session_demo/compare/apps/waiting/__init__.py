"""The apps that `compare load` measures: the lesson, and a route that waits."""
