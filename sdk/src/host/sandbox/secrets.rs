//! `skillgate:skill/secrets`.

pub(crate) use super::bindings::skillgate::skill::secrets::exists;
