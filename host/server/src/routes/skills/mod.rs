//! `/v1/skills`.

mod delete;
mod get;
mod list;
mod publish;
mod receive;

pub(crate) use delete::delete;
pub(crate) use get::{SkillView, get};
pub(crate) use list::list;
pub(crate) use publish::{MAX_BODY, publish, replace};
