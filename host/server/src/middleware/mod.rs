//! Wraps every request, outermost first: [`request_id`], then [`authenticate`], which asks [`rate_limit`].

pub(crate) mod authenticate;
mod rate_limit;
pub(crate) mod request_id;
