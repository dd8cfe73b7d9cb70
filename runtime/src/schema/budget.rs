//! What the schemas of one skill have used of what they may use together.

use crate::config::SchemaLimits;

/// Counts over all schemas of a skill. Each error continues "its input schema …".
pub(crate) struct Budget<'l> {
    limits: &'l SchemaLimits,
    nodes: usize,
    patterns: usize,
    pattern_size: usize,
    compile_steps: u64,
    text: usize,
}

impl<'l> Budget<'l> {
    pub(crate) fn new(limits: &'l SchemaLimits) -> Self {
        Self {
            limits,
            nodes: 0,
            patterns: 0,
            pattern_size: 0,
            compile_steps: 0,
            text: 0,
        }
    }

    pub(super) fn limits(&self) -> &'l SchemaLimits {
        self.limits
    }

    /// Counts what a model is shown of a tool. The error continues "the skill's tools …".
    pub(crate) fn add_text(&mut self, bytes: usize) -> Result<(), String> {
        self.text = self.text.saturating_add(bytes);
        refuse_over(
            self.text,
            self.limits.skill_bytes,
            "bytes of names, descriptions and schemas; shorten them, or make two skills",
        )
    }

    pub(super) fn add_node(&mut self) -> Result<(), String> {
        self.nodes += 1;
        refuse_over(
            self.nodes,
            self.limits.skill_nodes,
            "subschemas together with the skill's other schemas; make two skills",
        )
    }

    /// Counts a regular expression of `size` bytes when compiled.
    pub(super) fn add_pattern(&mut self, size: usize) -> Result<(), String> {
        self.patterns += 1;
        self.pattern_size = self.pattern_size.saturating_add(size);
        refuse_over(
            self.patterns,
            self.limits.skill_patterns,
            "patterns together with the skill's other schemas; use fewer",
        )?;
        refuse_over(
            self.pattern_size,
            self.limits.skill_pattern_size,
            "bytes of compiled patterns together with the skill's other schemas; use fewer, with smaller repetitions",
        )
    }

    pub(super) fn add_compile_steps(&mut self, steps: u64) -> Result<(), String> {
        self.compile_steps = self.compile_steps.saturating_add(steps);
        if self.compile_steps <= self.limits.compile_steps {
            return Ok(());
        }
        Err(format!(
            "takes more than {} steps to compile together with the skill's other schemas; use less of unevaluatedProperties, unevaluatedItems, not, enum and const",
            self.limits.compile_steps
        ))
    }
}

/// Refuses a count over its limit: "has more than 32 patterns; use fewer".
pub(super) fn refuse_over(count: usize, limit: usize, of_what: &str) -> Result<(), String> {
    if count <= limit {
        Ok(())
    } else {
        Err(format!("has more than {limit} {of_what}"))
    }
}
