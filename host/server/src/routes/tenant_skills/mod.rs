//! `/api/skills`: the account's pool of skills, and their assignments to agents.

mod agents;
mod assign;
mod get;
mod list;
mod of_agent;
mod unassign;
mod update;
mod view;

pub(crate) use agents::agents;
pub(crate) use assign::assign;
pub(crate) use get::get;
pub(crate) use list::{categories, list};
pub(crate) use of_agent::of_agent;
pub(crate) use unassign::unassign;
pub(crate) use update::update;
