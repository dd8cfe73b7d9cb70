//! `/v1/tasks`.

mod decide;
mod get;
mod list;

pub(crate) use decide::{approve, deny};
pub(crate) use get::get;
pub(crate) use list::list;
