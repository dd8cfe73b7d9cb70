//! `/v1/permission-grants`.

mod change;
mod list;
mod revoke;

pub(crate) use change::change;
pub(crate) use list::list;
pub(crate) use revoke::revoke;
