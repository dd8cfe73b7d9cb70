//! `/v1/auth`, and the public keys of access tokens.

mod public_keys;
mod session;
mod token;

pub(crate) use public_keys::public_keys;
pub(crate) use session::{get_session, log_in, log_out};
pub(crate) use token::issue_token;
