"""The session store in a SQL database; needs the extra `sql`."""
