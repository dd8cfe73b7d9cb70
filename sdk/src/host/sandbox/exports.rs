//! The exported interface `tools`, in terms of the SDK's own types.

pub use super::bindings;
use super::bindings::exports::skillgate::skill::tools as wit;
use crate::{Blob, Content, Description, Registration, ResourceLink, ToolError, ToolOutput, skill};

/// `tools.list-tools`.
pub fn list_tools(registered: &[Registration]) -> Vec<wit::Tool> {
    skill::tools(registered)
        .into_iter()
        .map(wit::Tool::from)
        .collect()
}

/// `tools.call-tool`.
pub fn call_tool(
    registered: &[Registration],
    name: &str,
    arguments: &str,
) -> Result<wit::ToolResult, wit::ToolError> {
    Ok(skill::call(registered, name, arguments)?.into())
}

impl From<Description> for wit::Tool {
    fn from(tool: Description) -> Self {
        Self {
            name: tool.name.to_owned(),
            title: tool.title.map(str::to_owned),
            description: tool.description.to_owned(),
            input_schema: tool.input_schema.to_string(),
            output_schema: tool.output_schema.map(|schema| schema.to_string()),
            annotations: wit::Annotations {
                read_only: tool.annotations.read_only,
                destructive: tool.annotations.destructive,
                idempotent: tool.annotations.idempotent,
                open_world: tool.annotations.open_world,
            },
        }
    }
}

impl From<ToolOutput> for wit::ToolResult {
    fn from(output: ToolOutput) -> Self {
        Self {
            content: output.content.into_iter().map(wit::Content::from).collect(),
            structured: output.structured,
        }
    }
}

impl From<Content> for wit::Content {
    fn from(content: Content) -> Self {
        match content {
            Content::Text(text) => Self::Text(text),
            Content::Image(blob) => Self::Image(blob.into()),
            Content::Audio(blob) => Self::Audio(blob.into()),
            Content::ResourceLink(link) => Self::ResourceLink(link.into()),
        }
    }
}

impl From<Blob> for wit::Blob {
    fn from(blob: Blob) -> Self {
        Self {
            data: blob.data,
            mime_type: blob.mime_type,
        }
    }
}

impl From<ResourceLink> for wit::ResourceLink {
    fn from(link: ResourceLink) -> Self {
        Self {
            uri: link.uri,
            name: link.name,
            mime_type: link.mime_type,
        }
    }
}

impl From<ToolError> for wit::ToolError {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::InvalidArguments(message) => Self::InvalidArguments(message),
            ToolError::Denied(message) => Self::Denied(message),
            ToolError::Unavailable(message) => Self::Unavailable(message),
            ToolError::Failed(message) => Self::Failed(message),
        }
    }
}
