//! `/v1/agents`.

mod create;
mod delete;
mod get;
mod list;
mod restart;
mod secrets;
mod start;
mod stop;

pub use create::create;
pub use delete::delete;
pub use get::get;
pub use list::list;
pub use restart::restart;
pub use secrets::secrets;
pub use start::start;
pub use stop::stop;
