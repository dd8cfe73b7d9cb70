//! Replaces the signature of a published version.

use crate::change::Change;
use crate::db::args;
use crate::{Store, StoreError, VersionHead};

impl Store {
    /// Puts another signature of the same contents in the place of the one that is there: the package as that key signed
    /// it, in one transaction. Agents that have the version keep what they granted it, as its contents are the same.
    ///
    /// Whether that is right, because the old key was revoked, is the caller's to judge; that the version still has the
    /// contents `digest` signed by `old_key` is looked up here. Whether it was replaced.
    pub async fn replace_signature(
        &self,
        account: &str,
        version: &VersionHead,
        new_key: &str,
        package: &Vec<u8>,
    ) -> Result<bool, StoreError> {
        let _turn = self.turn_to_write(package.len()).await?;
        let old_key = version.publisher_key_id.as_deref();
        let mut tx = self.begin().await?;
        let replaced = tx
            .execute(
                "UPDATE skill_version SET publisher_key_id = $4, size = $6 \
                 WHERE id = $1 AND digest = $2 AND publisher_key_id IS NOT DISTINCT FROM $3 \
                 AND skill_id IN (SELECT id FROM skill WHERE account_id = $5)",
                args![
                    &version.id,
                    &version.digest,
                    old_key,
                    new_key,
                    account,
                    package.len() as i64
                ],
            )
            .await?;
        if replaced == 0 {
            return Ok(false);
        }
        tx.execute(
            "UPDATE skill_package SET bytes = $2 WHERE version_id = $1",
            args![&version.id, package],
        )
        .await?;
        tx.execute(
            "UPDATE permission_grant SET publisher_key_id = $3 WHERE skill_id = $1 \
             AND publisher_key_id IS NOT DISTINCT FROM $2 AND revoked_at IS NULL \
             AND agent_id IN (SELECT agent_id FROM assignment WHERE version_id = $4)",
            args![&version.skill_id, old_key, new_key, &version.id],
        )
        .await?;
        tx.changed(Change::Version(version.id.clone()));
        tx.changed(Change::Grants);
        tx.commit().await?;
        Ok(true)
    }
}
