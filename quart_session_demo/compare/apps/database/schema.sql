-- The table of the two apps, in a schema of its own: `compare load` may share a database.
CREATE SCHEMA quart_session_demo_load;

CREATE TABLE quart_session_demo_load.items (
    id integer PRIMARY KEY,
    name text NOT NULL,
    price integer NOT NULL
);

INSERT INTO quart_session_demo_load.items
SELECT id, 'item ' || id, id * 7 % 1000
FROM generate_series(1, 100000) AS id;

ANALYZE quart_session_demo_load.items;
