//! An account's skills: listed, looked at.

mod pool;

pub use pool::{ListPool, PoolPage};

use std::sync::Arc;

use skillgate_store::{Skill, Store, Version, VersionHead};

use crate::places::WorkInProgress;
use crate::{Actor, ServiceError, SkillRef};

/// The skills that an account sees.
pub struct Skills {
    store: Store,
    places: Arc<WorkInProgress>,
}

impl Skills {
    pub(crate) fn new(store: Store, places: Arc<WorkInProgress>) -> Self {
        Self { store, places }
    }

    /// The skills of an account that fit `search` (in name, title or description) and `category`. Those whose name or title
    /// fits come before those whose description does, each by title.
    ///
    /// All of the account's skills are read, as the database compares the case of ASCII letters only; each is bounded by the
    /// manifest's parser, and the place for a large answer keeps one account from reading many such lists at once.
    pub async fn list(
        &self,
        actor: &Actor,
        search: &str,
        category: Option<&str>,
    ) -> Result<Vec<Skill>, ServiceError> {
        let search = search.trim().to_lowercase();
        let _place = self.places.page_read(&actor.account).await?;
        let skills = self.store.list_skills(&actor.account).await?;
        let in_category = |skill: &Skill| {
            category.is_none_or(|category| skill.category.as_deref() == Some(category))
        };
        let mut found: Vec<(Rank, String, Skill)> = skills
            .into_iter()
            .filter(in_category)
            .filter_map(|skill| {
                let title = skill.title.to_lowercase();
                Some((Rank::of(&skill, &title, &search)?, title, skill))
            })
            .collect();
        found.sort_by(|(rank, title, _), (other_rank, other_title, _)| {
            (rank, title).cmp(&(other_rank, other_title))
        });
        Ok(found.into_iter().map(|(_, _, skill)| skill).collect())
    }

    /// A skill by name or UUID, in its latest version.
    pub async fn get(
        &self,
        actor: &Actor,
        skill: &SkillRef,
    ) -> Result<(Skill, Version), ServiceError> {
        self.version_of(actor, skill, None).await
    }

    /// A version of a skill by name or UUID; the latest when none is named. `NotFound` when the account sees no such thing.
    pub async fn version_of(
        &self,
        actor: &Actor,
        skill: &SkillRef,
        version: Option<&str>,
    ) -> Result<(Skill, Version), ServiceError> {
        match self
            .store
            .get_version(&actor.account, skill, version)
            .await?
        {
            Some(found) => Ok(found),
            None => Err(missing(&self.store, &actor.account, skill).await?),
        }
    }

    /// One of the account's own skills, by name or UUID.
    ///
    /// # Errors
    /// `NotFound` when it has none of this name, also where it sees another account's.
    pub async fn own(&self, actor: &Actor, skill: &SkillRef) -> Result<Skill, ServiceError> {
        let (skill, _) = head_of(&self.store, &actor.account, skill, None).await?;
        match skill.account_id == *actor.account {
            true => Ok(skill),
            false => Err(ServiceError::not_found("skill")),
        }
    }

    /// Deletes one of the account's own skills, by name or UUID; its name is free again. Agents that have it keep their version.
    ///
    /// # Errors
    /// As [`Skills::own`].
    pub async fn delete(&self, actor: &Actor, skill: &SkillRef) -> Result<Skill, ServiceError> {
        let skill = self.own(actor, skill).await?;
        match self.store.delete_skill(&actor.account, &skill.id).await? {
            true => Ok(skill),
            false => Err(ServiceError::not_found("skill")),
        }
    }
}

/// How well a skill fits what was searched for, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Its name or title is it.
    Same,
    /// It stands in its name or title.
    InTitle,
    /// It stands in its description.
    InDescription,
}

impl Rank {
    /// `None` when the skill does not fit. `title` and `search` are in lower case; everything fits a search for nothing,
    /// equally well.
    fn of(skill: &Skill, title: &str, search: &str) -> Option<Self> {
        if search == skill.name || search == title {
            Some(Self::Same)
        } else if skill.name.contains(search) || title.contains(search) {
            Some(Self::InTitle)
        } else {
            let fits = skill.description.to_lowercase().contains(search);
            fits.then_some(Self::InDescription)
        }
    }
}

/// As [`Skills::version_of`], without what may be large.
pub(crate) async fn head_of(
    store: &Store,
    account: &str,
    skill: &SkillRef,
    version: Option<&str>,
) -> Result<(Skill, VersionHead), ServiceError> {
    let found = store.get_version_head(account, skill, version).await?;
    match found {
        Some(found) => Ok(found),
        None => Err(missing(store, account, skill).await?),
    }
}

/// Which of the two there is not: the skill, or only this version of it.
async fn missing(store: &Store, account: &str, skill: &str) -> Result<ServiceError, ServiceError> {
    let exists = store.get_skill(account, skill).await?.is_some();
    Ok(ServiceError::not_found(if exists {
        "skill_version"
    } else {
        "skill"
    }))
}

#[cfg(test)]
mod tests {
    use skillgate_store::{Access, SkillKind, Timestamp};

    use super::*;

    fn skill(name: &str, description: &str) -> Skill {
        Skill {
            id: String::new(),
            account_id: String::new(),
            name: name.to_owned(),
            title: name.replace('-', " "),
            description: description.to_owned(),
            kind: SkillKind::Wasm,
            status: "active".to_owned(),
            access: Access::Private,
            author: None,
            category: None,
            tags: Vec::new(),
            latest_version: None,
            install_count: 0,
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_title_is_searched_too_and_ranks_above_a_description() {
        let all = [
            skill("notes", "Keeps what a web search found."),
            skill("web-search", "Finds things."),
            skill("web-search-pro", "Finds more."),
            skill("calculator", "Adds."),
        ];
        let ranks = |search: &str| {
            let rank = |one: &Skill| Rank::of(one, &one.title.to_lowercase(), search);
            all.iter().map(rank).collect::<Vec<_>>()
        };
        use Rank::{InDescription, InTitle, Same};
        let expected = [Some(InDescription), Some(Same), Some(InTitle), None];
        assert_eq!(ranks("web search"), expected);
        assert_eq!(ranks("web-search")[1..], [Some(Same), Some(InTitle), None]);
        assert!(ranks("").iter().all(|rank| *rank == Some(InTitle)));
    }
}
