//! `/v1/agents/{id}/workflow`.

mod get;
mod set;

pub(crate) use get::get;
pub(crate) use set::set;
