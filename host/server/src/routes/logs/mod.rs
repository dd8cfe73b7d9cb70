//! `/v1/agents/{id}/logs`.

mod stream;
mod tail;

pub use stream::stream;
pub use tail::tail;
