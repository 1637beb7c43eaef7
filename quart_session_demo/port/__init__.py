"""Port Flask source to Quart source, and check source that is on Quart already."""
