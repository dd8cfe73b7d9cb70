//! `/v1/runs`, and an agent's runs.

mod cancel;
mod events;
mod get;
mod list;
mod receipts;

pub(crate) use cancel::cancel;
pub(crate) use events::events;
pub(crate) use get::get;
pub(crate) use list::list;
pub(crate) use receipts::receipts;
