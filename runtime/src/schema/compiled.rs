//! A schema that was accepted: compiled, with what checking a value costs.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::budget::Budget;
use super::cost::Cost;
use super::emit::emit;
use super::graph::Graph;
use super::instance::Shape;
use super::nesting::is_deeper;
use super::order::Order;
use super::pattern::CACHE_BYTES;
use super::plan::{Plan, TooMuch};
use super::{effort, misfit::Misfit};
use crate::config::SchemaLimits;
use crate::sink::cut;

/// A compiled schema.
pub(crate) struct Schema {
    validator: Validator,
    cost: Cost,
    plan: Plan,
    /// The most levels of a value.
    depth: usize,
    /// The most steps that checking a value may take.
    check_steps: u64,
}

/// The most that checking one value takes.
pub(super) struct Bound {
    pub(super) steps: u64,
    shape: Shape,
}

/// The most steps that finding out where a value does not fit may take. It bounds memory too: the
/// library keeps each reason, about 100 bytes a step, until all branches are tried.
const MAX_EXPLAINING: u64 = 400_000;
/// What may be done where the call runs: about 100 µs of counting, and as much of checking.
const INLINE_STEPS: u64 = 4_000;
const INLINE_EXPLAINING: u64 = 40_000;
/// Subschemas inside each other that fit any thread's stack: about 1 KiB each.
const INLINE_STACK: usize = 128;
/// The longest text, in bytes, that is parsed where the call runs.
pub(super) const INLINE_TEXT: usize = 64 << 10;

impl Schema {
    /// Reads a schema and compiles it, if it keeps within the limits. Gives it as it was written
    /// too. The error continues "its input schema …".
    ///
    /// Recurses as deep as the limits allow: runs on a thread with a large stack.
    pub(crate) fn compile(text: &str, budget: &mut Budget<'_>) -> Result<(Value, Self), String> {
        let limits = budget.limits();
        if is_deeper(text, limits.depth) {
            return Err(format!(
                "is nested deeper than {} levels; flatten it, or move parts into $defs",
                limits.depth
            ));
        }
        let listed: Value =
            serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
        let graph = Graph::read(&listed, budget)?;
        let order = Order::of(&graph, limits.chain)?;
        effort::count(&graph, budget)?;
        let cost = Cost::of(&graph, &order, limits.depth);
        let plan = Plan::of(&graph, &order);
        let validator = compile(&listed, &emit(&graph), limits)?;
        let schema = Self {
            validator,
            cost,
            plan,
            depth: limits.depth,
            check_steps: limits.check_steps,
        };
        drop(graph);
        Ok((listed, schema))
    }

    /// Parses a text whose depth may be anything.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, Misfit> {
        if is_deeper(text, self.depth) {
            return Err(Misfit::TooDeep(self.depth));
        }
        serde_json::from_str(text).map_err(|error| Misfit::NotJson(error.to_string()))
    }

    /// The bound on checking a parsed value. By its levels alone it is quickly found, and near enough for most.
    pub(super) fn bound(&self, value: &Value, bytes: usize) -> Bound {
        let shape = Shape::of(value, bytes);
        let steps = self.cost.steps(&shape);
        if steps > INLINE_STEPS
            && let Ok(steps) = self.plan.steps(value, INLINE_STEPS)
        {
            return Bound { steps, shape };
        }
        Bound { steps, shape }
    }

    /// The bound for this very value, when that by its levels is too large. Refuses the value when
    /// checking it could take too long.
    pub(super) fn closer(&self, value: &Value, bound: Bound) -> Result<Bound, Misfit> {
        if bound.steps <= self.check_steps {
            return Ok(bound);
        }
        match self.plan.steps(value, self.check_steps) {
            Ok(steps) => Ok(Bound { steps, ..bound }),
            Err(TooMuch) => Err(Misfit::TooCostly(self.check_steps)),
        }
    }

    /// Whether checking a value is so little that it can be done anywhere.
    pub(super) fn is_small(&self, bound: &Bound) -> bool {
        bound.steps <= INLINE_STEPS
            && self.cost.stack(&bound.shape) <= INLINE_STACK
            && self.cost.explaining(bound.steps, &bound.shape) <= INLINE_EXPLAINING
    }

    /// Checks a value whose bound was accepted.
    pub(super) fn evaluate(&self, value: &Value, bound: &Bound) -> Result<(), Misfit> {
        // Says no more than yes or no, and allocates next to nothing.
        if self.validator.is_valid(value) {
            return Ok(());
        }
        if self.cost.explaining(bound.steps, &bound.shape) > MAX_EXPLAINING {
            return Err(Misfit::Unexplained);
        }
        Err(self.explain(value))
    }

    /// Finds out where a value does not fit.
    pub(super) fn explain(&self, value: &Value) -> Misfit {
        match self.validator.validate(value) {
            // The two agree; should they not, the stricter counts.
            Ok(()) => Misfit::Unexplained,
            // The error quotes the value, and the value may be as long as the arguments.
            Err(error) => Misfit::DoesNotFit {
                place: cut(error.instance_path().as_str()).to_owned(),
                why: cut(&error.to_string()).to_owned(),
            },
        }
    }
}

/// Compiles what was written from the schema, after the schema itself was found to be one.
/// Patterns run in linear time, and nothing is fetched.
fn compile(listed: &Value, written: &Value, limits: &SchemaLimits) -> Result<Validator, String> {
    let wrong = |error: jsonschema::ValidationError<'_>| {
        let error = error.to_string();
        format!("is no JSON Schema 2020-12: {}", cut(&error))
    };
    jsonschema::draft202012::meta::validate(listed).map_err(wrong)?;
    let patterns = PatternOptions::regex()
        // Twice what was measured: the engine has the expression backwards too.
        .size_limit(2 * limits.pattern_size)
        .dfa_size_limit(CACHE_BYTES);
    jsonschema::draft202012::options()
        .with_pattern_options(patterns)
        .build(written)
        .map_err(wrong)
}
