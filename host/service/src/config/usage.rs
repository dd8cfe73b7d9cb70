//! How much of an account's usage one answer covers.

/// The days that are reported when the caller names no first one, today included.
pub(crate) const DEFAULT_USAGE_DAYS: i64 = 30;
/// The most days of one report: a leap year.
pub(crate) const MAX_USAGE_DAYS: i64 = 366;
/// The most groups of one report; the totals are of all.
pub(crate) const MAX_USAGE_GROUPS: i64 = 1_000;
