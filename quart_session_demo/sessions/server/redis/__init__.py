"""Redis or Valkey as a session store."""
