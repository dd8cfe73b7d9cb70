//! `/v1/skills`.

mod get;
mod list;
mod publish;

pub use get::get;
pub use list::list;
pub use publish::upload;
