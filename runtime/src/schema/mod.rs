//! The JSON Schemas that skills list. They are programs by strangers, and values are checked with
//! them in the host's own process; so what a schema can cost is known before it is run.
//!
//! - A schema is read without recursion ([`graph`]): its depth, its subschemas, its patterns and
//!   where its `$ref`s lead are bounded, and a value cannot be looked at for ever ([`order`]).
//! - What compiling it takes is counted before it is compiled ([`effort`]), and the evaluator gets a
//!   document that we wrote ([`emit`]): what we do not know the cost of is not in it.
//! - What checking a value takes at most is computed from the schema and the value's shape ([`cost`]);
//!   where that is too coarse, it is counted for the very value ([`plan`]). What could take too long is refused, what takes more than a moment runs on a thread of its own
//!   with a large stack ([`threads`]).
//!
//! The bounds hold for `jsonschema` 0.60 (what it evaluates twice, and where it recurses); read its
//! `keywords` again when it is updated. The tests compare both on random schemas.

mod budget;
mod check;
mod compiled;
mod cost;
mod effort;
mod emit;
mod graph;
mod instance;
mod keyword;
mod misfit;
mod nesting;
mod order;
mod pattern;
mod plan;
#[cfg(test)]
mod tests;
mod threads;
mod weight;

pub(crate) use budget::Budget;
pub(crate) use compiled::Schema;
pub(crate) use misfit::Misfit;
pub(crate) use threads::{AccountThreads, Panicked, SchemaThreads};
