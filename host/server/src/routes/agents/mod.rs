//! `/v1/agents`.

mod create;
mod delete;
mod get;
mod list;
mod restart;
mod secrets;
mod start;
mod status;
mod stop;
mod update;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use list::list;
pub(crate) use restart::restart;
pub(crate) use secrets::secrets;
pub(crate) use start::start;
pub(crate) use status::status;
pub(crate) use stop::stop;
pub(crate) use update::update;
