//! `/v1/agents/{id}/skills`.

mod install;
mod list;
mod uninstall;

pub(crate) use install::install;
pub(crate) use list::list;
pub(crate) use uninstall::uninstall;
