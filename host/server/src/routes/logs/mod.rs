//! `/v1/agents/{id}/logs`.

mod stream;
mod tail;

pub(crate) use stream::stream;
pub(crate) use tail::tail;
