"""Flask beside Quart: the same work on real servers. Loaded by the commands alone."""
