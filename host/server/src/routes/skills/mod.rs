//! `/v1/skills`.

mod get;
mod list;
mod publish;

pub(crate) use get::{View, get};
pub(crate) use list::list;
pub(crate) use publish::upload;
