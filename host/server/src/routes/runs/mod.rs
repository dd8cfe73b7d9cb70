//! `/v1/runs`.

mod get;
mod receipts;

pub use get::get;
pub use receipts::receipts;
