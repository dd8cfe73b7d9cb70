//! `api-key create`.

use anyhow::{Context, bail};
use serde_json::json;
use skillgate_service::parse_scopes;
use skillgate_store::{NewApiKey, Store, Timestamp};

use crate::args::ApiKeyCreate;
use crate::command::serve::open;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::output::{Format, Output};

/// The longest label, as the server has it.
const MAX_LABEL: usize = 100;

/// Makes a key in the database and prints it.
pub(crate) async fn run(arguments: ApiKeyCreate, output: &Output) -> Outcome {
    let label = arguments.label.trim().to_owned();
    if !(1..=MAX_LABEL).contains(&label.chars().count()) {
        return Err(Failure::new(
            Exit::Usage,
            format_args!("--label must have 1 to {MAX_LABEL} characters"),
        ));
    }
    let now = jiff::Timestamp::now();
    let expires = arguments
        .expires
        .as_deref()
        .map(|text| expiry(text, now))
        .transpose()
        .or_exit(Exit::Usage)?;
    let new = NewApiKey {
        label,
        scopes: parse_scopes(arguments.scopes).or_exit(Exit::Usage)?,
        is_operator: arguments.operator,
        rate_limit: arguments.rate_limit.map(i64::from),
        expires_at: expires.map(|at| Timestamp::from_micros(at.as_microsecond())),
    };
    let store = open::existing_store(&arguments.database).await?;
    let account = account(&store, arguments.account).await?;
    let issued = store.create_api_key(&account, new).await?;
    let issued = issued.ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            format_args!("there is no account {account}"),
        )
    })?;
    let plaintext = issued.plaintext.expose();
    match output.format {
        Format::Text => output.line(plaintext)?,
        Format::Json => {
            output.line(&json!({ "key": plaintext, "apiKey": issued.key }).to_string())?
        }
    }
    store.close().await;
    Ok(())
}

/// The account that was named, else the first.
async fn account(store: &Store, named: Option<String>) -> Outcome<String> {
    if let Some(id) = named {
        return Ok(id);
    }
    let first = store.first_account().await?.ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            "the database has no account: start the server once, or use `skillgate account create`",
        )
    });
    Ok(first?.id)
}

/// A time, a date (its end in UTC's first moment), or a time from now.
fn expiry(text: &str, now: jiff::Timestamp) -> anyhow::Result<jiff::Timestamp> {
    let at = if let Ok(at) = text.parse::<jiff::Timestamp>() {
        at
    } else if let Ok(date) = text.parse::<jiff::civil::Date>() {
        date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp()
    } else {
        let span: jiff::Span = text.parse().with_context(|| {
            format!("{text:?} is no time: write 2027-01-31T00:00:00Z, 2027-01-31 or 30d")
        })?;
        let now = now.to_zoned(jiff::tz::TimeZone::UTC);
        now.checked_add(span)
            .context("--expires is too far away")?
            .timestamp()
    };
    if at <= now {
        bail!("--expires {text}: this is in the past");
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expires(text: &str) -> anyhow::Result<String> {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        Ok(expiry(text, now)?.to_string())
    }

    #[test]
    fn times_dates_and_spans_are_understood() {
        assert_eq!(
            expires("2027-01-31T12:00:00+01:00").unwrap(),
            "2027-01-31T11:00:00Z"
        );
        assert_eq!(expires("2027-01-31").unwrap(), "2027-01-31T00:00:00Z");
        assert_eq!(expires("30d").unwrap(), "2026-01-31T00:00:00Z");
        assert_eq!(expires("1y").unwrap(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn the_past_and_nonsense_are_refused() {
        assert!(
            expires("2025-12-31")
                .unwrap_err()
                .to_string()
                .contains("past")
        );
        assert!(expires("-1d").unwrap_err().to_string().contains("past"));
        assert!(expires("soon").unwrap_err().to_string().contains("soon"));
    }
}
