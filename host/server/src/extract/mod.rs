//! What handlers take out of a request. Every refusal is an [`ApiError`](crate::ApiError) in the one envelope.

mod caller;
mod clearable;
mod id;
mod json;
mod nul;
mod page;
mod query;

pub(crate) use caller::{Caller, CallerUnknown};
pub(crate) use clearable::clearable;
pub(crate) use id::{Id, Ids};
pub(crate) use json::{JSON_LIMIT, Json, OptionalJson, read_body};
pub(crate) use page::PageRange;
pub(crate) use query::Query;
