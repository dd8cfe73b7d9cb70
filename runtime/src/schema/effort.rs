//! What compiling a schema takes, found by going the compiler's way and counting.
//!
//! Each place that a `$ref` leads to is compiled once. But `unevaluatedProperties` and
//! `unevaluatedItems` compile all that is applied in place once more, through every `$ref` anew: a
//! few of them inside each other double the work with every level. So the walk is made with a
//! limit on its steps and its depth, and a schema that exceeds either is refused.

use super::budget::Budget;
use super::graph::{Graph, NodeId, ROOT};

/// How deep the compiler may call itself: about 4 KiB of stack a level.
const DEEPEST: usize = 256;

/// Copied JSON values that cost as much as one compiled subschema.
const COPIES: u64 = 8;

/// Counts the steps of compiling all that the root reaches. The error continues "its input schema …".
pub(super) fn count(graph: &Graph<'_>, budget: &mut Budget<'_>) -> Result<(), String> {
    let mut walk = Walk {
        graph,
        budget,
        marking: vec![false; graph.nodes.len()],
        depth: 0,
    };
    for (id, node) in graph.nodes.iter().enumerate() {
        if id == ROOT || node.is_target {
            walk.body(id)?;
        }
    }
    Ok(())
}

struct Walk<'g, 'a, 'b, 'l> {
    graph: &'g Graph<'a>,
    budget: &'b mut Budget<'l>,
    /// Which subschemas' evaluated parts are being compiled: the compiler breaks circles there.
    marking: Vec<bool>,
    depth: usize,
}

impl Walk<'_, '_, '_, '_> {
    /// A subschema where it is written; one that a `$ref` leads to is only pointed at.
    fn node(&mut self, id: NodeId) -> Result<(), String> {
        if id == ROOT || self.graph.nodes[id].is_target {
            return self.budget.add_compile_steps(1);
        }
        self.body(id)
    }

    fn body(&mut self, id: NodeId) -> Result<(), String> {
        let graph = self.graph;
        let node = &graph.nodes[id];
        self.budget.add_compile_steps(1 + node.copies / COPIES)?;
        self.deeper(|walk| {
            let once = [&node.in_place, &node.members, &node.prefix, &node.every];
            for inner in once.into_iter().flatten().chain(node.names.iter()) {
                walk.node(*inner)?;
            }
            for _ in 0..node.unevaluated {
                walk.marks(id)?;
            }
            Ok(())
        })
    }

    /// What finds out which members or items a subschema looked at.
    fn marks(&mut self, id: NodeId) -> Result<(), String> {
        self.budget.add_compile_steps(1)?;
        if std::mem::replace(&mut self.marking[id], true) {
            return Ok(());
        }
        let graph = self.graph;
        let node = &graph.nodes[id];
        let done = self.deeper(|walk| {
            for inner in node.in_place.iter().chain(&node.every) {
                walk.node(*inner)?;
            }
            for inner in node.in_place.iter().chain(node.reference.iter()) {
                walk.marks(*inner)?;
            }
            Ok(())
        });
        self.marking[id] = false;
        done
    }

    fn deeper(&mut self, work: impl FnOnce(&mut Self) -> Result<(), String>) -> Result<(), String> {
        if self.depth == DEEPEST {
            return Err(format!(
                "takes more than {DEEPEST} levels to compile; nest `unevaluatedProperties` and `unevaluatedItems` less"
            ));
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }
}
