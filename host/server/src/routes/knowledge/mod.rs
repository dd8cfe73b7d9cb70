//! `/v1/knowledge`.

mod delete;
mod ingest;
mod list;
mod search;
mod view;

pub(crate) use delete::delete;
pub(crate) use ingest::{MAX_BODY, ingest};
pub(crate) use list::list;
pub(crate) use search::search;
