//! The account's pool: the skills that it can put on its agents.

use skillgate_agent::tool_name;
use skillgate_store::{AssignedAgent, PoolFilter, PoolSkill};

use super::Skills;
use crate::config::MAX_LISTED_POOL_SKILLS;
use crate::{Actor, ServiceError, SkillRef};

/// Which skills of the pool are listed.
#[derive(Debug)]
pub struct ListPool {
    /// All categories when absent.
    pub category: Option<String>,
    /// `active`, `archived` or `all`.
    pub status: String,
    /// 1 to [`MAX_LISTED_POOL_SKILLS`].
    pub limit: i64,
}

/// Skills of the pool, and how many there are in all.
#[derive(Debug)]
pub struct PoolPage {
    /// By name, each with the names under which agents are offered its tools.
    pub skills: Vec<PoolSkill>,
    /// How many fit, also those beyond the limit.
    pub total: i64,
}

impl Skills {
    /// Lists the skills of the pool.
    ///
    /// # Errors
    /// `Invalid` for another status or limit.
    pub async fn list_pool(&self, actor: &Actor, list: ListPool) -> Result<PoolPage, ServiceError> {
        let status = match list.status.as_str() {
            "all" => None,
            "active" | "archived" => Some(list.status.as_str()),
            _ => {
                return Err(ServiceError::invalid(
                    "status: must be `active`, `archived` or `all`.",
                ));
            }
        };
        if !(1..=MAX_LISTED_POOL_SKILLS).contains(&list.limit) {
            return Err(ServiceError::invalid(format!(
                "limit: must be 1 to {MAX_LISTED_POOL_SKILLS}."
            )));
        }
        let filter = PoolFilter {
            status,
            category: list.category.as_deref(),
            limit: list.limit,
        };
        let _place = self.places.page_read(&actor.account).await?;
        let page = self.store.list_pool(&actor.account, filter).await?;
        Ok(PoolPage {
            skills: page.items.into_iter().map(with_offered_names).collect(),
            total: page.total,
        })
    }

    /// Lists the categories of the pool's active skills, in alphabetical order.
    pub async fn pool_categories(&self, actor: &Actor) -> Result<Vec<String>, ServiceError> {
        let mut categories = self.store.list_pool_categories(&actor.account).await?;
        // Databases differ in what comes before what.
        categories.sort();
        Ok(categories)
    }

    /// Finds a skill of the pool, by name, alias or UUID, with the agents that have it.
    ///
    /// # Errors
    /// `NotFound` when it is not in the pool.
    pub async fn pool_skill(
        &self,
        actor: &Actor,
        skill: &SkillRef,
    ) -> Result<(PoolSkill, Vec<AssignedAgent>), ServiceError> {
        let found = self.store.get_pool_skill(&actor.account, skill).await?;
        let skill = found.ok_or_else(|| ServiceError::not_found("skill"))?;
        let _place = self.places.page_read(&actor.account).await?;
        let agents = self
            .store
            .list_assigned_agents(&actor.account, &skill.id)
            .await?;
        Ok((with_offered_names(skill), agents))
    }
}

fn with_offered_names(mut skill: PoolSkill) -> PoolSkill {
    let offered = skill.tool_names.iter();
    skill.tool_names = offered.map(|tool| tool_name(&skill.name, tool)).collect();
    skill
}
