"""The session store in Redis or Valkey; needs the extra `redis`."""
