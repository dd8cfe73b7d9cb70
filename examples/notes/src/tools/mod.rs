//! The tools, one a file.

pub(crate) mod add;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod search;
