//! Entries of knowledge, as they are deleted.

use crate::db::{Arg, Tx, args};
use crate::knowledge_scope::hold_owner;
use crate::{KnowledgeOwner, Store, StoreError};

/// Entries that are deleted in one transaction: a few hundredths of a second, in which others wait to write.
const DELETED_AT_ONCE: i64 = 500;

/// Entries that were chosen to be deleted.
#[derive(sqlx::FromRow)]
struct Chosen {
    last: Option<i64>,
    count: i64,
    bytes: i64,
}

/// Statements for one choice of entries; `$1` is the scope and `$2` the last number that is chosen.
struct Choice {
    choose: &'static str,
    delete: &'static str,
}

/// `$3`: how many.
const ALL: Choice = Choice {
    choose: "SELECT MAX(seq) AS last, COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM \
         (SELECT seq, size FROM knowledge_entry WHERE scope = $1 AND seq <= $2 ORDER BY seq LIMIT $3) AS chosen",
    delete: "DELETE FROM knowledge_entry WHERE scope = $1 AND seq <= $2",
};

/// `$3`: the source; `$4`: how many.
const OF_SOURCE: Choice = Choice {
    choose: "SELECT MAX(seq) AS last, COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM \
         (SELECT seq, size FROM knowledge_entry WHERE scope = $1 AND seq <= $2 AND source = $3 ORDER BY seq LIMIT $4) \
         AS chosen",
    delete: "DELETE FROM knowledge_entry WHERE scope = $1 AND seq <= $2 AND source = $3",
};

/// `$3`: the id.
const ONE: Choice = Choice {
    choose: "SELECT MAX(seq) AS last, COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes \
         FROM knowledge_entry WHERE scope = $1 AND seq <= $2 AND id = $3",
    delete: "DELETE FROM knowledge_entry WHERE scope = $1 AND seq <= $2 AND id = $3",
};

impl Store {
    /// Deletes one entry of an owner; whether it was there.
    pub async fn delete_knowledge_entry(
        &self,
        account: &str,
        owner: &KnowledgeOwner,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (chosen, deleted) = (vec![Arg::from(id)], vec![Arg::from(id)]);
        let count = self.delete_chosen(account, owner, i64::MAX, &ONE, (chosen, deleted));
        Ok(count.await? > 0)
    }

    /// Deletes all entries that an owner has now, those of `source` alone when it is given.
    ///
    /// A scope may have hundreds of megabytes: it is deleted in several transactions, between which others write.
    pub async fn delete_knowledge(
        &self,
        account: &str,
        owner: &KnowledgeOwner,
        source: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(scope) = self.knowledge_scope(account, owner).await? else {
            return Ok(());
        };
        loop {
            let limit = Arg::from(DELETED_AT_ONCE);
            let (choice, args) = match source {
                None => (&ALL, (vec![limit], Vec::new())),
                Some(source) => (
                    &OF_SOURCE,
                    (vec![source.into(), limit], vec![source.into()]),
                ),
            };
            let deleted = self.delete_chosen(account, owner, scope.last_seq, choice, args);
            if deleted.await? < DELETED_AT_ONCE {
                return Ok(());
            }
        }
    }

    async fn delete_chosen(
        &self,
        account: &str,
        owner: &KnowledgeOwner,
        last_seq: i64,
        choice: &Choice,
        (choose_args, delete_args): (Vec<Arg<'_>>, Vec<Arg<'_>>),
    ) -> Result<i64, StoreError> {
        let mut tx = self.db.begin().await?;
        hold_owner(&mut tx, owner).await?;
        let Some(scope) = lock_scope(&mut tx, account, owner).await? else {
            return Ok(0);
        };
        let mut values = vec![Arg::from(scope), Arg::from(last_seq)];
        values.extend(choose_args);
        let Some(Chosen {
            last: Some(last),
            count,
            bytes,
        }) = tx.optional(choice.choose, &values).await?
        else {
            return Ok(0);
        };
        let mut values = vec![Arg::from(scope), Arg::from(last)];
        values.extend(delete_args);
        tx.execute(choice.delete, &values).await?;
        tx.execute(
            "UPDATE knowledge_scope SET entries = entries - $2, bytes = bytes - $3 WHERE number = $1",
            args![scope, count, bytes],
        )
        .await?;
        tx.commit().await?;
        Ok(count)
    }
}

/// Notes a deletion in the owner's scope, which makes others that change it wait, and answers its number.
async fn lock_scope(
    tx: &mut Tx,
    account: &str,
    owner: &KnowledgeOwner,
) -> Result<Option<i64>, StoreError> {
    let scope: Option<(i64,)> = tx
        .optional(
            "UPDATE knowledge_scope SET deletions = deletions + 1 \
             WHERE account_id = $1 AND (agent_id = $2 OR swarm_id = $3) RETURNING number",
            args![account, owner.agent(), owner.swarm()],
        )
        .await?;
    Ok(scope.map(|(number,)| number))
}
