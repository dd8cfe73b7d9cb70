//! What checking a value costs at most, known before the value is checked.
//!
//! The evaluator remembers next to nothing: what a schema applies to a value twice is evaluated
//! twice. So each level of a value meets a number of keywords that depends on the schema alone. It
//! is computed once, when the schema is compiled; a value's bound is then a short sum.

use super::graph::{Graph, Node, NodeId, ROOT};
use super::instance::Shape;
use super::order::Order;
use super::weight::{SIXTEENTHS, Weight};

/// What a schema costs a value, level by level.
#[derive(Debug, Clone)]
pub(super) struct Cost {
    /// What each value at a level costs at most. Levels beyond the last cost nothing.
    levels: Vec<Weight>,
    /// The longest row of subschemas that one value passes.
    chain: usize,
}

impl Cost {
    /// Computes the cost for values up to `depth` levels deep.
    pub(super) fn of(graph: &Graph<'_>, order: &Order, depth: usize) -> Self {
        let mut cost = Self {
            levels: Vec::new(),
            chain: order.chain,
        };
        let mut above = Level::new(graph);
        for level in 0..=depth {
            let mut this = Level::new(graph);
            for &id in &order.ids {
                this.fill(graph, id, level, &above);
            }
            // Everything below is made of this level and the one above.
            if level > 1 && this.is_nothing() {
                break;
            }
            cost.levels.push(this.applied[ROOT]);
            above = this;
        }
        cost
    }

    /// The most steps that checking a value of this shape takes.
    pub(super) fn steps(&self, shape: &Shape) -> u64 {
        let (mut steps, mut bytes, mut whole) = (0_u64, 0_u64, 0_u64);
        for (level, values) in self.levels.iter().zip(&shape.levels) {
            steps = steps.saturating_add(level.steps.saturating_mul(*values));
            // The strings of all levels have at most the value's bytes together, its arrays have at each.
            bytes = bytes.max(level.bytes);
            whole = whole.saturating_add(level.whole);
        }
        let per_byte = bytes.saturating_add(whole);
        steps.saturating_add(per_byte.saturating_mul(shape.bytes as u64) / SIXTEENTHS)
    }

    /// How much finding out where a value does not fit takes when checking it takes `steps`: each
    /// `anyOf` and `oneOf` on the way is evaluated again to collect why, and each reason holds the
    /// way to its place.
    pub(super) fn explaining(&self, steps: u64, shape: &Shape) -> u64 {
        let again = self.stack(shape) as u64;
        let way = 1 + shape.path as u64 / 64;
        steps.saturating_mul(again).saturating_mul(way)
    }

    /// How many subschemas are evaluated inside each other at most.
    pub(super) fn stack(&self, shape: &Shape) -> usize {
        // One more level for the names of members.
        self.chain * (shape.depth.min(self.levels.len()) + 1)
    }
}

/// The cost of every subschema on the values of one level below the one it is applied to.
struct Level {
    applied: Vec<Weight>,
    /// The same for learning what `unevaluatedProperties` and `unevaluatedItems` are to look at.
    marked: Vec<Weight>,
}

impl Level {
    fn new(graph: &Graph<'_>) -> Self {
        Self {
            applied: vec![Weight::default(); graph.nodes.len()],
            marked: vec![Weight::default(); graph.nodes.len()],
        }
    }

    fn is_nothing(&self) -> bool {
        let all = self.applied.iter().chain(&self.marked);
        all.copied().all(Weight::is_nothing)
    }

    /// Computes both for `id`, whose parts on the same value are there already.
    fn fill(&mut self, graph: &Graph<'_>, id: NodeId, level: usize, above: &Self) {
        let node = &graph.nodes[id];
        let itself = match level {
            0 => node.own,
            1 => node.member,
            _ => Weight::default(),
        };
        let inner = |sum: Weight, inner: &NodeId| sum.plus(self.applied[*inner]);
        let in_place = node.in_place.iter().fold(itself, inner);
        let applied = node.reference.iter().fold(in_place, inner);
        let applied = applied.plus(below(node, level, above));
        self.marked[id] = self.marks(node, itself, level, above, in_place);
        self.applied[id] = applied.plus(self.marked[id].times(node.unevaluated));
    }

    /// The cost of marking what was evaluated: each part that is applied in place is evaluated,
    /// and marks its own.
    fn marks(
        &self,
        node: &Node<'_>,
        itself: Weight,
        level: usize,
        above: &Self,
        in_place: Weight,
    ) -> Weight {
        let mut marks = in_place.plus(itself);
        for inner in node.in_place.iter().chain(node.reference.iter()) {
            marks = marks.plus(self.marked[*inner]);
        }
        match level {
            0 => marks,
            _ => node
                .every
                .iter()
                .fold(marks, |sum, id| sum.plus(above.applied[*id])),
        }
    }
}

/// What a subschema's parts for members, items and names cost one level deeper.
fn below(node: &Node<'_>, level: usize, above: &Level) -> Weight {
    if level == 0 {
        return Weight::default();
    }
    let one_of = |ids: &[NodeId]| {
        ids.iter()
            .fold(Weight::default(), |most, id| most.or(above.applied[*id]))
    };
    let one = one_of(&node.members).plus(one_of(&node.prefix));
    let every = node
        .every
        .iter()
        .fold(one, |sum, id| sum.plus(above.applied[*id]));
    // A name has no levels below it.
    match node.names {
        Some(names) if level == 1 => every.plus(above.applied[names]),
        _ => every,
    }
}
