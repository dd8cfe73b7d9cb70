//! What can go wrong in the store, told apart by what the caller should do about it.

use std::path::PathBuf;

/// An error of the store. A thing that is not there, or not the caller's, is no error: verbs answer `None` or `false`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What was asked for contradicts what is already there. The text may be shown to the caller.
    #[error("{0}")]
    Conflict(String),
    /// A value that the store does not take. The text may be shown to the caller.
    #[error("{0}")]
    Invalid(String),
    /// There would be more of something than there may be. The text may be shown to the caller.
    #[error("{0}")]
    LimitReached(String),
    /// The database was made with another master key, so nothing sealed in it could be read.
    #[error(
        "the database was made with another master key; start with the key file or the key variable that it was made with"
    )]
    WrongMasterKey,
    /// The database was migrated by a newer program.
    #[error(
        "the database is at schema version {found}, this program knows {known}; start a newer program"
    )]
    NewerSchema {
        /// Version found in the database.
        found: i64,
        /// Highest version that this program knows.
        known: i64,
    },
    /// The master key could not be read or made.
    #[error("master key {}: {problem}", path.display())]
    MasterKeyFile {
        /// Where the key is, or would be.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Something sealed does not open: it was altered, or moved from another row.
    #[error("{0} can not be decrypted: the row was altered or moved")]
    Sealed(&'static str),
    /// The database failed; the source says how. Not for the caller's eyes.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// PostgreSQL's `character_not_in_repertoire`: text with a NUL in it.
const NOT_IN_REPERTOIRE: &str = "22021";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Database(Box::new(error));
        };
        if database
            .code()
            .is_some_and(|code| code == NOT_IN_REPERTOIRE)
        {
            return Self::Invalid("text must not hold the character NUL; remove it".into());
        }
        if database.is_foreign_key_violation() {
            return Self::Conflict("what this belongs to is not there any more".into());
        }
        Self::Database(Box::new(error))
    }
}

/// Whether a statement failed because a row with the same unique key is there.
pub(crate) fn is_duplicate(error: &StoreError) -> bool {
    let StoreError::Database(source) = error else {
        return false;
    };
    source
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .is_some_and(|database| database.is_unique_violation())
}
