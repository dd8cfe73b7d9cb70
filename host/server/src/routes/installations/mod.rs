//! `/v1/agents/{id}/skills`.

mod install;
mod list;
mod uninstall;

pub use install::install;
pub use list::list;
pub use uninstall::uninstall;
