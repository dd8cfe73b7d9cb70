//! `/v1/publisher-keys`.

mod add;
mod challenge;
mod list;
mod revoke;

pub(crate) use add::add;
pub(crate) use challenge::challenge;
pub(crate) use list::list;
pub(crate) use revoke::revoke;
