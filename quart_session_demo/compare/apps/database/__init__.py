"""The apps that read a row of a PostgreSQL table for each request; `schema.sql` makes the table."""
