//! SOUL.md of agents, and what it was before.

use sha2::{Digest as _, Sha256};

use crate::db::{Tx, args};
use crate::{Store, StoreError, Timestamp};

/// A change of an agent's SOUL.md.
#[derive(Clone, Copy, Debug)]
pub struct PersonalityChange<'a> {
    /// The new SOUL.md.
    pub soul_md: &'a str,
    /// SHA-256 in hexadecimal of the text that this is to replace; any text when absent.
    pub expected_sha256: Option<&'a str>,
    /// How many earlier versions are kept, the newest.
    pub keep: i64,
}

/// What became of a change of SOUL.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonalityOutcome {
    /// It was made.
    Written(PersonalityWritten),
    /// It was not made: the text is another than expected.
    Mismatch {
        /// SHA-256 of what the text is, 64 hexadecimal digits.
        sha256: String,
    },
}

/// A change of SOUL.md that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalityWritten {
    /// SHA-256 of the new text, 64 hexadecimal digits.
    pub sha256: String,
    /// When the text was last changed: earlier than this call when it was the same before.
    pub updated_at: Timestamp,
    /// Whether the agent runs, and is marked for a restart.
    pub runs: bool,
}

/// An earlier SOUL.md, without its text.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PersonalityHead {
    /// From 1, in the order in which they were written.
    pub number: i64,
    /// SHA-256 of the text, 64 hexadecimal digits.
    pub soul_md_sha256: String,
    /// Bytes of the text.
    pub size: i64,
    /// When it was written.
    pub written_at: Timestamp,
}

/// An earlier SOUL.md.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PersonalityVersion {
    /// From 1, in the order in which they were written.
    pub number: i64,
    /// The text.
    pub soul_md: String,
    /// SHA-256 of the text, 64 hexadecimal digits.
    pub soul_md_sha256: String,
    /// When it was written.
    pub written_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Current {
    soul_md_sha256: String,
    soul_md_updated_at: Timestamp,
}

impl Store {
    /// Replaces SOUL.md of an agent, keeps what it was as a version, and marks the agent for a restart when it runs. The
    /// same text again makes no version. Of several changes at the same time that expect the same text, one is made. `None`
    /// when the account has no such agent.
    pub async fn set_personality(
        &self,
        account: &str,
        agent: &str,
        change: PersonalityChange<'_>,
    ) -> Result<Option<PersonalityOutcome>, StoreError> {
        let sha256 = sha256_hex(change.soul_md);
        let mut tx = self.begin().await?;
        let Some(runs) = tx.mark_for_restart(account, agent).await? else {
            return Ok(None);
        };
        let select = "SELECT soul_md_sha256, soul_md_updated_at FROM agent WHERE id = $1 AND account_id = $2";
        let current: Option<Current> = tx.optional(select, args![agent, account]).await?;
        let Some(current) = current else {
            return Ok(None);
        };
        let is_as_expected =
            |expected: &str| expected.eq_ignore_ascii_case(&current.soul_md_sha256);
        if !change.expected_sha256.is_none_or(is_as_expected) {
            // Not committed: the agent keeps the mark that it had.
            return Ok(Some(PersonalityOutcome::Mismatch {
                sha256: current.soul_md_sha256,
            }));
        }
        let mut updated_at = current.soul_md_updated_at;
        if sha256 != current.soul_md_sha256 {
            updated_at = self.now();
            keep_version(&mut tx, account, agent, change.keep).await?;
            tx.execute(
                "UPDATE agent SET soul_md = $3, soul_md_sha256 = $4, soul_md_updated_at = $5 \
                 WHERE id = $1 AND account_id = $2",
                args![agent, account, change.soul_md, &sha256, updated_at],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(Some(PersonalityOutcome::Written(PersonalityWritten {
            sha256,
            updated_at,
            runs,
        })))
    }

    /// Lists the earlier versions of an agent's SOUL.md that are kept, newest first; none for an agent that the account does
    /// not have.
    pub async fn personality_versions(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Vec<PersonalityHead>, StoreError> {
        self.db
            .all(
                "SELECT number, soul_md_sha256, CAST(OCTET_LENGTH(soul_md) AS BIGINT) AS size, written_at \
                 FROM personality_version WHERE agent_id = $1 AND account_id = $2 ORDER BY number DESC",
                args![agent, account],
            )
            .await
    }

    /// Reads an earlier version of an agent's SOUL.md.
    pub async fn personality_version(
        &self,
        account: &str,
        agent: &str,
        number: i64,
    ) -> Result<Option<PersonalityVersion>, StoreError> {
        self.db
            .optional(
                "SELECT number, soul_md, soul_md_sha256, written_at FROM personality_version \
                 WHERE agent_id = $1 AND account_id = $2 AND number = $3",
                args![agent, account, number],
            )
            .await
    }
}

/// The SHA-256 of a text, as 64 hexadecimal digits.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Makes a version of what SOUL.md is now, and deletes the oldest beyond the newest `keep`.
async fn keep_version(
    tx: &mut Tx,
    account: &str,
    agent: &str,
    keep: i64,
) -> Result<(), StoreError> {
    // Whoever numbers a version holds the agent's row.
    tx.execute(
        "INSERT INTO personality_version (agent_id, account_id, number, soul_md, soul_md_sha256, written_at) \
         SELECT id, account_id, \
         (SELECT COALESCE(MAX(number), 0) + 1 FROM personality_version WHERE agent_id = $1), \
         soul_md, soul_md_sha256, soul_md_updated_at FROM agent WHERE id = $1 AND account_id = $2",
        args![agent, account],
    )
    .await?;
    tx.execute(
        "DELETE FROM personality_version WHERE agent_id = $1 AND account_id = $2 AND number <= \
         (SELECT MAX(number) FROM personality_version WHERE agent_id = $1) - $3",
        args![agent, account, keep],
    )
    .await?;
    Ok(())
}
