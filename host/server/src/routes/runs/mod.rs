//! `/v1/runs`.

mod get;
mod receipts;

pub(crate) use get::get;
pub(crate) use receipts::receipts;
