//! What a tool gives back.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{ToolError, schema};

/// The result of a call: blocks for the model, and the same as JSON where there is any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolOutput {
    /// What the model sees.
    pub content: Vec<Content>,
    /// The result as the text of a JSON object.
    pub structured: Option<String>,
}

/// One piece of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Plain text or Markdown.
    Text(String),
    /// A picture.
    Image(Blob),
    /// A sound.
    Audio(Blob),
    /// Something that the reader may fetch itself.
    ResourceLink(ResourceLink),
}

/// Binary content with its media type.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    /// The bytes, not encoded.
    pub data: Vec<u8>,
    /// Such as `image/png`.
    pub mime_type: String,
}

/// A reference to something that the reader may fetch itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceLink {
    /// Where it is.
    pub uri: String,
    /// What to call it.
    pub name: String,
    /// Its media type, when known.
    pub mime_type: Option<String>,
}

/// A result as JSON: as text for the model and, when it is an object, as structured output too,
/// with its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<T>(pub T);

impl ToolOutput {
    /// One block of text.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::Text(text.into())],
            structured: None,
        }
    }

    /// All text blocks, joined by line breaks; for tests.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|content| match content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// What a tool may return.
pub trait IntoOutput {
    /// The result for the host.
    ///
    /// # Errors
    /// The tool's own, or [`ToolError::Failed`] when a value has no JSON form.
    fn into_output(self) -> Result<ToolOutput, ToolError>;

    /// The schema of the structured result, when there is one.
    fn schema() -> Option<Value> {
        None
    }
}

impl IntoOutput for ToolOutput {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(self)
    }
}

impl IntoOutput for String {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::from_text(self))
    }
}

impl IntoOutput for &str {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::from_text(self))
    }
}

/// A tool that returns nothing says that it is done: models take an empty answer for a failure.
impl IntoOutput for () {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::from_text("Done."))
    }
}

impl<T: Serialize + JsonSchema> IntoOutput for Json<T> {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        let text = serde_json::to_string(&self.0)?;
        let structured = text.starts_with('{').then(|| text.clone());
        Ok(ToolOutput {
            content: vec![Content::Text(text)],
            structured,
        })
    }

    fn schema() -> Option<Value> {
        schema::output_schema::<T>()
    }
}

impl<T: IntoOutput, E: Into<ToolError>> IntoOutput for Result<T, E> {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        self.map_err(Into::into)?.into_output()
    }

    fn schema() -> Option<Value> {
        T::schema()
    }
}
