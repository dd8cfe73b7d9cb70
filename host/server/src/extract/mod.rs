//! What handlers take out of a request. Every refusal is an [`ApiError`](crate::ApiError) in the one envelope.

mod caller;
mod id;
mod json;
mod query;

pub use caller::Caller;
pub use id::Id;
pub use json::{JSON_LIMIT, Json, OptionalJson};
pub use query::Query;
