//! What the JSON Schemas that skills list may cost the host.

/// Bounds on a skill's JSON Schemas and on the values that are checked with them. A schema is a
/// program that a stranger wrote and that the host runs: these bounds are checked before it is
/// compiled and before it is evaluated, never during.
#[derive(Debug, Clone)]
pub struct SchemaLimits {
    /// Levels of arrays and objects in a schema, in a call's arguments and in a structured result.
    /// Tools of the Model Context Protocol need about ten; compiling and evaluating recurse.
    pub depth: usize,
    /// Subschemas in one schema. The largest known tools have several hundred.
    pub nodes: usize,
    /// Subschemas in all schemas of a skill: about 1 KiB of memory each for as long as it is loaded.
    pub skill_nodes: usize,
    /// Bytes of all names, titles, descriptions and schemas of a skill's tools: each model call
    /// carries them.
    pub skill_bytes: usize,
    /// Subschemas that one value passes one after the other without going a level deeper (through
    /// `$ref`, `allOf`, `anyOf`, …). With `depth` it bounds the evaluator's stack.
    pub chain: usize,
    /// Regular expressions in one schema.
    pub patterns: usize,
    /// Regular expressions in all schemas of a skill.
    pub skill_patterns: usize,
    /// Bytes of one regular expression as it is written.
    pub pattern_bytes: usize,
    /// Bytes of one regular expression when compiled; `.{9000}` would take 9 MB.
    pub pattern_size: usize,
    /// Bytes of all regular expressions of a skill when compiled. Engines multiply this by about ten.
    pub skill_pattern_size: usize,
    /// Nodes that compiling all schemas of a skill makes, with those that `unevaluatedProperties`
    /// and `unevaluatedItems` compile again: some microseconds each.
    pub compile_steps: u64,
    /// Steps that checking one value may take, by the bound that is known before: some 25 ns each,
    /// so about 100 ms.
    pub check_steps: u64,
    /// Lists of tools that are compiled at the same time, and values that are checked at the same
    /// time on threads of their own; later ones wait. Each may use all of a CPU.
    pub threads: usize,
}

impl Default for SchemaLimits {
    fn default() -> Self {
        Self {
            depth: 32,
            nodes: 2_000,
            skill_nodes: 10_000,
            skill_bytes: 256 << 10,
            chain: 32,
            patterns: 32,
            skill_patterns: 64,
            pattern_bytes: 256,
            pattern_size: 64 << 10,
            skill_pattern_size: 512 << 10,
            compile_steps: 40_000,
            check_steps: 4_000_000,
            threads: 2,
        }
    }
}
