//! The domain model on SQLite and PostgreSQL.
