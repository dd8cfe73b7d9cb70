//! Which part of a list is wanted.

use skillgate_service::config::MAX_LISTED_ITEMS;

use crate::ApiError;
use crate::envelope::{List, Pagination};

/// The items of a page where the caller names no number.
const DEFAULT_LIMIT: i64 = 50;

/// A part of a list, as the query's `limit` (50 by default, at most 100) and `offset` say.
#[derive(Clone, Copy)]
pub(crate) struct PageRange {
    /// How many at most.
    pub limit: i64,
    /// How many are left out before them.
    pub offset: i64,
}

impl PageRange {
    /// Checks what the query says.
    pub(crate) fn of(limit: Option<i64>, offset: Option<i64>) -> Result<Self, ApiError> {
        let (limit, offset) = (limit.unwrap_or(DEFAULT_LIMIT), offset.unwrap_or(0));
        if !(1..=MAX_LISTED_ITEMS).contains(&limit) || offset < 0 {
            return Err(ApiError::validation(format!(
                "limit: must be 1 to {MAX_LISTED_ITEMS}, and offset at least 0."
            )));
        }
        Ok(Self { limit, offset })
    }

    /// The page, of `total` items in all.
    pub(crate) fn page<T>(self, data: Vec<T>, total: i64) -> List<T> {
        let pagination = Pagination {
            total: total.unsigned_abs(),
            limit: self.limit.unsigned_abs(),
            offset: self.offset.unsigned_abs(),
        };
        List { data, pagination }
    }
}
