//! Wraps every request, outermost first: [`request_id`], then [`render`], then [`authenticate`], which asks [`rate_limit`], then
//! [`panic`].

pub(crate) mod authenticate;
pub(crate) mod panic;
mod rate_limit;
pub(crate) mod render;
pub(crate) mod request_id;
