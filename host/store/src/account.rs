//! Accounts: who owns everything else.

use serde::Serialize;
use serde_json::{Value, json};

use crate::api_key::{IssuedKey, NewApiKey, insert_api_key};
use crate::db::{Insert, Tx, args};
use crate::json_column::JsonText;
use crate::{Store, StoreError, Timestamp, id};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// `acct_…`
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// The name of its plan, in the operator's words.
    pub plan: String,
    /// The most agents that it may have; the host's own limit when absent.
    pub max_agents: Option<i64>,
    /// The most skills that one of its agents may have; the host's own limit when absent.
    pub max_skills_per_agent: Option<i64>,
    /// Whether its plan has swarms.
    pub allows_swarms: bool,
    /// Which models serve which tier: a JSON object.
    #[sqlx(try_from = "JsonText")]
    pub model_tiers: Value,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an operator changes of an account: what is absent stays, `Some(None)` is the host's own limit.
#[derive(Clone, Debug, Default)]
pub struct AccountChanges {
    /// A new name.
    pub name: Option<String>,
    /// The name of another plan.
    pub plan: Option<String>,
    /// The most agents.
    pub max_agents: Option<Option<i64>>,
    /// The most skills of one agent.
    pub max_skills_per_agent: Option<Option<i64>>,
    /// Whether it may make swarms.
    pub allows_swarms: Option<bool>,
}

/// The plan of an account for which the operator named none.
const DEFAULT_PLAN: &str = "Self-hosted";

const ONE: &str = "SELECT id, name, plan, max_agents, max_skills_per_agent, allows_swarms, model_tiers, created_at \
     FROM account WHERE id = $1";

impl Store {
    /// Makes an account, with a data key of its own for its secrets.
    pub async fn create_account(&self, name: &str) -> Result<Account, StoreError> {
        self.create_account_with(name, AccountChanges::default())
            .await
    }

    /// Makes an account with a plan and limits of its own.
    pub async fn create_account_with(
        &self,
        name: &str,
        changes: AccountChanges,
    ) -> Result<Account, StoreError> {
        let mut tx = self.db.begin().await?;
        let made = self.insert_account(&mut tx, name).await?;
        let changed = update_account(&mut tx, &made.id, &changes).await?;
        tx.commit().await?;
        Ok(changed.unwrap_or(made))
    }

    /// Changes plan and limits of an account; the account as it is then, or `None` when there is none of this id. What it has
    /// beyond a lower limit stays.
    pub async fn set_account(
        &self,
        id: &str,
        changes: AccountChanges,
    ) -> Result<Option<Account>, StoreError> {
        let mut tx = self.db.begin().await?;
        let changed = update_account(&mut tx, id, &changes).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Replaces the models of all tiers; whether there is such an account.
    pub async fn set_model_tiers(&self, account: &str, tiers: &Value) -> Result<bool, StoreError> {
        let sql = "UPDATE account SET model_tiers = $2 WHERE id = $1";
        Ok(self.db.execute(sql, args![account, tiers]).await? > 0)
    }

    /// All accounts, oldest first. Only for the operator.
    pub async fn list_accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.db
            .all(
                "SELECT id, name, plan, max_agents, max_skills_per_agent, allows_swarms, model_tiers, created_at \
                 FROM account ORDER BY created_at, id",
                args![],
            )
            .await
    }

    /// On a database without accounts, makes the first one and an API key for it, in one transaction.
    ///
    /// `None` when there is an account. Of several processes that start at once, exactly one gets the key.
    pub async fn bootstrap(
        &self,
        name: &str,
        key: NewApiKey,
    ) -> Result<Option<(Account, IssuedKey)>, StoreError> {
        let mut tx = self.db.begin().await?;
        let claimed = tx
            .execute(
                "INSERT INTO store_fact (name, value) \
                 SELECT 'first account', $1 WHERE NOT EXISTS (SELECT 1 FROM account) ON CONFLICT (name) DO NOTHING",
                args![self.now().as_micros().to_string().as_str()],
            )
            .await?;
        if claimed == 0 {
            return Ok(None);
        }
        let account = self.insert_account(&mut tx, name).await?;
        let key = insert_api_key(self, &mut tx, &account.id, key).await?;
        tx.commit().await?;
        Ok(Some((account, key)))
    }

    /// The account with this id.
    pub async fn get_account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        self.db.optional(ONE, args![id]).await
    }

    /// The oldest account: the one that the command line means when none is named.
    pub async fn first_account(&self) -> Result<Option<Account>, StoreError> {
        self.db
            .optional(
                "SELECT id, name, plan, max_agents, max_skills_per_agent, allows_swarms, model_tiers, created_at \
                 FROM account ORDER BY created_at, id LIMIT 1",
                args![],
            )
            .await
    }

    /// Whether there is no account yet.
    pub async fn accounts_empty(&self) -> Result<bool, StoreError> {
        Ok(self.first_account().await?.is_none())
    }

    async fn insert_account(&self, tx: &mut Tx, name: &str) -> Result<Account, StoreError> {
        let account = Account {
            id: id::prefixed("acct"),
            name: name.into(),
            plan: DEFAULT_PLAN.into(),
            max_agents: None,
            max_skills_per_agent: None,
            allows_swarms: true,
            model_tiers: json!({}),
            created_at: self.now(),
        };
        let data_key = self.keys.new_data_key(&account.id)?;
        let row = Insert::into_table("account")
            .set("id", &account.id)
            .set("name", name)
            .set("data_key", &data_key)
            .set("plan", &account.plan)
            .set("allows_swarms", account.allows_swarms)
            .set("model_tiers", &account.model_tiers)
            .set("created_at", account.created_at);
        tx.insert(row).await?;
        Ok(account)
    }
}

/// Changes an account within a transaction.
async fn update_account(
    tx: &mut Tx,
    id: &str,
    changes: &AccountChanges,
) -> Result<Option<Account>, StoreError> {
    tx.execute(
        "UPDATE account SET name = COALESCE($2, name), plan = COALESCE($3, plan), \
         max_agents = CASE WHEN $4 THEN $5 ELSE max_agents END, \
         max_skills_per_agent = CASE WHEN $6 THEN $7 ELSE max_skills_per_agent END, \
         allows_swarms = CASE WHEN $8 THEN $9 ELSE allows_swarms END WHERE id = $1",
        args![
            id,
            &changes.name,
            &changes.plan,
            changes.max_agents.is_some(),
            changes.max_agents.flatten(),
            changes.max_skills_per_agent.is_some(),
            changes.max_skills_per_agent.flatten(),
            changes.allows_swarms.is_some(),
            changes.allows_swarms.unwrap_or_default()
        ],
    )
    .await?;
    tx.optional(ONE, args![id]).await
}
