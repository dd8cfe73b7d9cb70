//! What an account's runs used: runs, model calls, tokens, money, time in sandboxes, bytes over the network.

use jiff::ToSpan;
use jiff::civil::Date;
use skillgate_store::{Store, Timestamp, UsageGrouping, UsageRow, UsageTotals};

use crate::config::{DEFAULT_USAGE_DAYS, MAX_USAGE_DAYS, MAX_USAGE_GROUPS};
use crate::{Actor, ServiceError};

/// Which usage is asked for.
#[derive(Debug, Default)]
pub struct UsageQuery {
    /// The first day, as `2026-01-31`, or a time on it; 30 days with today when absent.
    pub from: Option<String>,
    /// The last day; today when absent. Days are in UTC.
    pub to: Option<String>,
    /// `agent`, `model`, `skill` or `day`; `day` when absent.
    pub group_by: Option<String>,
}

/// What was used from one day to another.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageReport {
    /// The first day.
    pub from: String,
    /// The last day, included.
    pub to: String,
    /// What tells the groups apart.
    pub grouping: UsageGrouping,
    /// All together.
    pub total: UsageTotals,
    /// Each group: days in order, others by the number of calls, at most a thousand.
    pub groups: Vec<UsageRow>,
}

/// The usage of accounts.
pub struct Usage {
    store: Store,
}

impl Usage {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Reports what the actor's account used.
    ///
    /// # Errors
    /// `Invalid` for a day that is none, days in the wrong order or too many of them, or an unknown grouping.
    pub async fn report(
        &self,
        actor: &Actor,
        query: UsageQuery,
    ) -> Result<UsageReport, ServiceError> {
        let (from, to) = days(&query, self.store.now())?;
        let grouping = query.group_by.as_deref().unwrap_or("day");
        let grouping: UsageGrouping = grouping.parse().map_err(|_| {
            ServiceError::invalid("groupBy: must be `agent`, `model`, `skill` or `day`.")
        })?;
        let between = (from.as_str(), to.as_str());
        let account = &*actor.account;
        let total = self.store.usage_totals(account, between).await?;
        let groups = self
            .store
            .usage_by(account, between, grouping, MAX_USAGE_GROUPS)
            .await?;
        Ok(UsageReport {
            from,
            to,
            grouping,
            total,
            groups,
        })
    }
}

/// The first and the last day that are asked for.
fn days(query: &UsageQuery, now: Timestamp) -> Result<(String, String), ServiceError> {
    let to = match &query.to {
        Some(text) => day("to", text)?,
        None => day("to", &now.to_string())?,
    };
    let from = match &query.from {
        Some(text) => day("from", text)?,
        None => to.saturating_sub((DEFAULT_USAGE_DAYS - 1).days()),
    };
    if from > to {
        return Err(ServiceError::invalid("from: must not be after `to`."));
    }
    if to > from.saturating_add((MAX_USAGE_DAYS - 1).days()) {
        return Err(ServiceError::invalid(format!(
            "from: at most {MAX_USAGE_DAYS} days before `to`, both included."
        )));
    }
    Ok((from.to_string(), to.to_string()))
}

/// A day, or the day of a time in UTC.
fn day(field: &str, text: &str) -> Result<Date, ServiceError> {
    let date = match text.parse::<jiff::Timestamp>() {
        Ok(time) => Some(time.to_zoned(jiff::tz::TimeZone::UTC).date()),
        Err(_) => Date::strptime("%Y-%m-%d", text).ok(),
    };
    date.filter(|date| date.year() >= 0).ok_or_else(|| {
        ServiceError::invalid(format!("{field}: must be a day, such as 2026-01-31."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: Option<&str>, to: Option<&str>) -> Result<(String, String), ServiceError> {
        let query = UsageQuery {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            group_by: None,
        };
        days(&query, "2026-03-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn days_have_defaults_and_bounds() {
        let range = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            asked(None, None).unwrap(),
            range("2026-01-31", "2026-03-01")
        );
        let time = Some("2026-02-28T23:30:00-01:00");
        assert_eq!(
            asked(time, None).unwrap(),
            range("2026-03-01", "2026-03-01")
        );
        assert!(asked(Some("2024-01-01"), Some("2024-12-31")).is_ok());
        for (from, to) in [
            (Some("2024-01-01"), Some("2025-01-01")),
            (Some("2026-03-02"), None),
            (Some("yesterday"), None),
            (Some("2026-02-30"), None),
            (None, Some("")),
        ] {
            assert!(asked(from, to).is_err(), "{from:?} {to:?}");
        }
        assert!(asked(None, Some("0000-01-01")).is_ok());
    }
}
