//! An answer from the web.

use serde::de::DeserializeOwned;

use crate::ToolError;

/// A whole answer: status, headers, body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text; bytes that are not UTF-8 become `U+FFFD`.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// [`ToolError::Failed`] when it is not JSON of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ToolError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ToolError::Failed(format!("the answer is not the JSON expected: {error}"))
        })
    }

    /// This answer if its status is 2xx.
    ///
    /// # Errors
    /// For any other status: [`ToolError::Unavailable`] for 429 and 5xx, where trying later may
    /// help, and [`ToolError::Failed`] for the rest.
    pub fn success(self) -> Result<Self, ToolError> {
        let status = self.status;
        match status {
            200..=299 => Ok(self),
            429 | 500..=599 => Err(ToolError::Unavailable(format!(
                "the site answered with status {status}; try later"
            ))),
            _ => Err(ToolError::Failed(format!(
                "the site answered with status {status}"
            ))),
        }
    }
}

pub(crate) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
