//! `skillgate:skill/progress`.

pub(crate) use super::bindings::skillgate::skill::progress::report;
