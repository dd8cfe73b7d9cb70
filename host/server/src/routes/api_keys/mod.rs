//! `/v1/api-keys`.

mod create;
mod list;
mod revoke;

pub use create::create;
pub use list::list;
pub use revoke::revoke;
