//! `/v1/agents/{id}/chat`.

mod history;
mod open;
mod send;
mod sessions;

pub use history::history;
pub use open::open;
pub use send::send;
pub(crate) use send::KEEP_ALIVE;
pub use sessions::sessions;
