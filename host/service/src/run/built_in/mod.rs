//! The host's own tools, whose names have no `__`: one file each, which implements [`Tools`] for it, and one line in
//! [`built_in_tools`]. A tool that an agent has no use for lists nothing in [`Tools::specs`].

mod knowledge_search;
mod rule_read;
mod skill_query;

use std::sync::Arc;

use skillgate_agent::Tools;
use skillgate_store::Store;

use self::knowledge_search::KnowledgeSearch;
use self::rule_read::RuleRead;
use self::skill_query::SkillQuery;
use crate::knowledge::Knowledge;
use crate::loaded_skills::{AgentSkill, LoadedSkills};
use crate::logs::{LogOwner, Logs};

/// What the host's own tools of one run are made from.
pub(crate) struct BuiltInParts<'a> {
    /// The account and its agent.
    pub(crate) owner: &'a LogOwner,
    /// The agent's skills.
    pub(crate) skills: &'a Arc<Vec<AgentSkill>>,
    /// Where the skills' grants are looked up.
    pub(crate) loaded_skills: &'a LoadedSkills,
    /// The names of the agent's rules.
    pub(crate) rules: &'a Arc<[String]>,
    /// Where knowledge is searched.
    pub(crate) knowledge: &'a Arc<Knowledge>,
    /// Whether the agent, or its swarm, knows anything.
    pub(crate) has_knowledge: bool,
    /// Where rules are read.
    pub(crate) store: &'a Store,
    /// Where calls are noted.
    pub(crate) logs: &'a Logs,
}

/// Makes the host's own tools for one run, in the order in which they are offered.
pub(crate) fn built_in_tools(parts: &BuiltInParts<'_>) -> Vec<Arc<dyn Tools>> {
    vec![
        Arc::new(SkillQuery::new(parts)),
        Arc::new(RuleRead::new(parts)),
        Arc::new(KnowledgeSearch::new(parts)),
    ]
}
