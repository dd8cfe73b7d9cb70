//! What can go wrong in the store, told apart by what the caller should do about it.

use std::path::PathBuf;

use sqlx::error::DatabaseError;

use crate::Timestamp;

/// An error of the store. A thing that is not there, or not the caller's, is no error: verbs answer `None` or `false`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What was asked for contradicts what is already there.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// A value that the store does not take. The text may be shown to the caller.
    #[error("{0}")]
    Invalid(String),
    /// There would be more of something than there may be.
    #[error(transparent)]
    LimitReached(#[from] Limit),
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
    /// A migration would leave the database in a state that it must not have; it was not applied.
    #[error("the database can not be migrated: {0}; it was left as it was")]
    Migration(String),
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

/// What conflicted. The text is for the log; a service words the one for its caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// A row with the same unique key exists in this table. The table's name is empty where the database does not tell it.
    #[error("the table {table} has a row with the same unique key")]
    Duplicate {
        /// The table.
        table: String,
    },
    /// The row that this one belongs to does not exist any more.
    #[error("a row that this one refers to does not exist")]
    ParentMissing,
    /// Another caller changed or deleted the thing meanwhile. Holds its table.
    #[error("the {0} was changed or deleted meanwhile")]
    Changed(&'static str),
    /// The run has ended already, or its agent was deleted.
    #[error("the run has ended already, or its agent was deleted")]
    RunEnded,
    /// This version of the skill is on the agent already.
    #[error("the version is assigned to the agent already")]
    AlreadyAssigned,
    /// The version was taken back.
    #[error("the version was yanked")]
    VersionYanked,
    /// The version is published with other contents.
    #[error("version {version} of {skill} is published with other contents")]
    OtherContents {
        /// The skill's name.
        skill: String,
        /// The version.
        version: String,
    },
    /// The skill has signed versions, and this one is not signed.
    #[error("the skill {0} is published in signed packages")]
    UnsignedBesideSigned(String),
    /// The task was decided already. Holds the word for the decision.
    #[error("the task was {0} already")]
    TaskDecided(&'static str),
    /// The task can not be decided any more, since then.
    #[error("the task expired at {0}")]
    TaskExpired(Timestamp),
    /// The account revoked this publisher key.
    #[error("the publisher key was revoked")]
    PublisherKeyRevoked,
}

/// Which limit a write would exceed. The text is for the log; a service words the one for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{of:?}: {wanted} are more than {most}")]
pub struct Limit {
    /// What is limited.
    pub of: Limited,
    /// How much there would be with this write.
    pub wanted: i64,
    /// How much there may be.
    pub most: i64,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limited {
    /// Secrets of one owner, counted.
    Secrets,
    /// Bytes of all secrets of one owner.
    SecretBytes,
    /// Rules of one agent.
    Rules,
    /// Versions that an account published.
    Versions,
    /// Bytes of all packages that an account published.
    PackageBytes,
    /// Entries of one agent's or swarm's knowledge.
    KnowledgeEntries,
    /// Bytes of an account's knowledge.
    KnowledgeBytes,
    /// Tasks of one agent that wait for a decision.
    PendingTasksOfAgent,
    /// Tasks of one account that wait for a decision.
    PendingTasksOfAccount,
    /// Agents of an account.
    Agents,
    /// Skills on one agent.
    AgentSkills,
    /// Swarms of an account.
    Swarms,
}

impl Limit {
    /// Refuses more than `most` of something.
    pub(crate) fn check(of: Limited, wanted: i64, most: i64) -> Result<(), StoreError> {
        match wanted > most {
            true => Err(Self { of, wanted, most }.into()),
            false => Ok(()),
        }
    }
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
            return Conflict::ParentMissing.into();
        }
        if database.is_unique_violation() {
            let table = table_of(database);
            return Conflict::Duplicate { table }.into();
        }
        Self::Database(Box::new(error))
    }
}

/// The table of a unique key that was violated. SQLite names it in its message alone: `UNIQUE constraint failed: skill.account_id, skill.name`.
fn table_of(error: &dyn DatabaseError) -> String {
    let in_message = || {
        let columns = error.message().rsplit_once(": ")?.1;
        Some(columns.split_once('.')?.0)
    };
    let table = error.table().or_else(in_message);
    table.unwrap_or_default().to_owned()
}
