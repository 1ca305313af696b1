-- What a cluster keeps in PostgreSQL (14 or later): members, grain state, reminders. The silo applies these files by itself, in the order of their names,
-- the first time it meets an empty database; whoever does not let it create tables runs them by hand (deploy/README.md). Running them twice changes nothing.
--
-- The providers of Microsoft.Orleans 10.4 bring no SQL. At start they read the statements of the table orleansquery, each under a fixed key, and run them with
-- parameters and result columns of fixed names: those names are the contract. Tables and columns are this project's own.

CREATE TABLE IF NOT EXISTS orleansquery
(
    querykey  text PRIMARY KEY,
    querytext text NOT NULL
);

-- One row for each version of these files that was applied; a silo refuses a database that is newer than itself.
CREATE TABLE IF NOT EXISTS cluster_schema
(
    version    integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Sets the statement of a key, whatever it was before.
CREATE OR REPLACE FUNCTION set_query(key text, statement text) RETURNS void
    LANGUAGE sql AS
$$
INSERT INTO orleansquery (querykey, querytext) VALUES (key, statement) ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext
$$;
