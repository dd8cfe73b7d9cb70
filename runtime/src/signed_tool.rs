//! A tool as its publisher signed it.

use skillgate_skill::{ToolDigest, ToolFacts, ToolHints};

use crate::Tool;

impl Tool {
    /// The digest that a signature binds: of everything that the tool says of itself.
    pub fn digest(&self) -> ToolDigest {
        ToolDigest::of(&ToolFacts {
            name: &self.name,
            title: self.title.as_deref(),
            description: &self.description,
            input_schema: &self.input_schema,
            output_schema: self.output_schema.as_ref(),
            hints: ToolHints {
                read_only: self.annotations.read_only,
                destructive: self.annotations.destructive,
                idempotent: self.annotations.idempotent,
                open_world: self.annotations.open_world,
            },
        })
    }
}
