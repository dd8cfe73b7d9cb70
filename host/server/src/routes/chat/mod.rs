//! `/v1/agents/{id}/chat`.

mod history;
mod open;
mod send;
mod sessions;

pub(crate) use history::history;
pub(crate) use open::open;
pub(crate) use send::send;
pub(crate) use sessions::sessions;
