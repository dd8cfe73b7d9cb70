//! `/v1/agents/{id}/personality`.

mod get;
mod set;
mod versions;

pub(crate) use get::get;
pub(crate) use set::set;
pub(crate) use versions::{version, versions};
