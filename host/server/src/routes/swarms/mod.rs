//! `/v1/swarms`.

mod create;
mod delete;
mod get;
mod list;
mod secrets;
mod update;
mod view;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use list::list;
pub(crate) use secrets::secrets;
pub(crate) use update::update;
