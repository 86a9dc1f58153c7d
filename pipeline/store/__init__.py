"""The Store interface, the DuckDB store, its SQL, the client that Dagster uses."""
