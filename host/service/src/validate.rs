//! Texts from outside, checked.

use crate::ServiceError;

/// `text` without the space around it, when it has at most `most` characters and is not blank; else `Invalid` naming `field`.
pub(crate) fn required(field: &str, text: &str, most: usize) -> Result<String, ServiceError> {
    let trimmed = text.trim();
    if !trimmed.is_empty() && text.chars().count() <= most {
        return Ok(trimmed.to_owned());
    }
    Err(ServiceError::invalid(format!(
        "{field}: must have 1 to {most} characters."
    )))
}

/// `text` as it is, when it has at most `most` characters; else `Invalid` naming `field`.
pub(crate) fn at_most_chars(
    field: &str,
    text: String,
    most: usize,
) -> Result<String, ServiceError> {
    if text.chars().count() <= most {
        return Ok(text);
    }
    Err(ServiceError::invalid(format!(
        "{field}: must have at most {most} characters."
    )))
}

/// `text` as it is, when it has at most `most` bytes; else `Invalid` naming `field`.
pub(crate) fn bounded(field: &str, text: String, most: usize) -> Result<String, ServiceError> {
    at_most(field, &text, most)?;
    Ok(text)
}

/// Checks that `text` has at most `most` bytes; else `Invalid` naming `field`.
pub(crate) fn at_most(field: &str, text: &str, most: usize) -> Result<(), ServiceError> {
    if text.len() <= most {
        return Ok(());
    }
    Err(ServiceError::invalid(format!(
        "{field}: must have at most {most} bytes, not {}.",
        text.len()
    )))
}

/// The first names of a list, for a line of a log, and how many there are beside them.
pub(crate) fn listed(names: &[String]) -> String {
    /// The most names shown: as many as one request may set.
    const SHOWN: usize = 64;
    let (shown, rest) = names.split_at(names.len().min(SHOWN));
    match rest.len() {
        0 => format!("{shown:?}"),
        more => format!("{shown:?} and {more} more"),
    }
}
