//! What a schema costs one particular value: counted member by member, for values that the bound by
//! levels alone would refuse. A recursive type with several forms needs it: by levels, every form
//! applies everywhere; in a value, an array meets no `properties`, and each member has one name.
//!
//! Counting multiplies instead of repeating: how often a subschema is applied to a value is the sum
//! of how often those are that apply it. So it takes the number of values times the number of
//! subschemas that meet each, however often the evaluator would do the same again.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::graph::{Graph, NodeId, ROOT};
use super::order::Order;
use super::weight::{SIXTEENTHS, Weight};

/// A subschema's place in an order in which each comes before all that it applies to the same value.
type Rank = usize;

/// A schema's subschemas without the text that they were read from.
pub(super) struct Plan {
    root: Rank,
    parts: Vec<Part>,
}

struct Part {
    own: Weight,
    member: Weight,
    in_place: Vec<Rank>,
    reference: Option<Rank>,
    members: HashMap<Box<str>, Rank>,
    /// Applied to members that are not among `members`.
    additional: Option<Rank>,
    every_member: Vec<Rank>,
    prefix: Vec<Rank>,
    every_item: Vec<Rank>,
    names: Option<Rank>,
    unevaluated: u64,
}

/// How often a subschema is applied to a value, and how often what it looked at is marked.
#[derive(Clone, Copy, Default)]
struct Times {
    applied: u64,
    marked: u64,
}

type Active = BTreeMap<Rank, Times>;

/// Counting would exceed the limit, or what it counts does.
pub(super) struct TooMuch;

impl Plan {
    pub(super) fn of(graph: &Graph<'_>, order: &Order) -> Self {
        let mut ranks = vec![0; graph.nodes.len()];
        for (rank, id) in order.ids.iter().rev().enumerate() {
            ranks[*id] = rank;
        }
        let parts = order.ids.iter().rev().map(|id| part(graph, &ranks, *id));
        Self {
            root: ranks[ROOT],
            parts: parts.collect(),
        }
    }

    /// The most steps that checking `value` takes, or that they are more than `limit`.
    pub(super) fn steps(&self, value: &Value, limit: u64) -> Result<u64, TooMuch> {
        let mut count = Count {
            parts: &self.parts,
            steps: 0,
            work: 0,
            limit,
        };
        let once = Times {
            applied: 1,
            marked: 0,
        };
        count.value(value, Active::from([(self.root, once)]))?;
        Ok(count.steps)
    }
}

fn part(graph: &Graph<'_>, ranks: &[Rank], id: NodeId) -> Part {
    let node = &graph.nodes[id];
    let rank = |value: &Value| graph.id_of(value).map(|id| ranks[id]);
    let one = |keyword: &str| node.value.get(keyword).and_then(rank);
    let map = |keyword: &str| node.value.get(keyword).and_then(Value::as_object);
    let patterns = map("patternProperties").into_iter().flatten();
    let properties = map("properties").into_iter().flatten();
    // As in the graph: `contains` is applied up to twice.
    let items = ["items", "contains", "contains", "unevaluatedItems"];
    Part {
        own: node.own,
        member: node.member,
        in_place: node.in_place.iter().map(|id| ranks[*id]).collect(),
        reference: node.reference.map(|id| ranks[id]),
        members: properties
            .filter_map(|(name, value)| Some((name.as_str().into(), rank(value)?)))
            .collect(),
        additional: one("additionalProperties"),
        every_member: patterns
            .filter_map(|(_, value)| rank(value))
            .chain(one("unevaluatedProperties"))
            .collect(),
        prefix: node.prefix.iter().map(|id| ranks[*id]).collect(),
        every_item: items.into_iter().filter_map(one).collect(),
        names: node.names.map(|id| ranks[id]),
        unevaluated: node.unevaluated,
    }
}

struct Count<'p> {
    parts: &'p [Part],
    /// The bound so far.
    steps: u64,
    /// What counting itself took.
    work: u64,
    limit: u64,
}

impl Count<'_> {
    /// Counts a value and all in it; gives its size in bytes, about. Recurses as deep as the value,
    /// whose depth was checked.
    fn value(&mut self, value: &Value, active: Active) -> Result<u64, TooMuch> {
        let length = value.as_str().map_or(0, str::len) as u64;
        let met = self.close(active, length)?;
        let mut size = 2 + length;
        match value {
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    let inner = self.item(&met, place)?;
                    size += 1 + self.value(item, inner)?;
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let inner = self.member(&met, name)?;
                    size += 4 + name.len() as u64 + self.value(member, inner)?;
                }
            }
            _ => {}
        }
        if value.is_array() {
            for (rank, times) in &met {
                let whole = self.parts[*rank].own.whole.saturating_mul(size) / SIXTEENTHS;
                let all = times.applied.saturating_add(times.marked);
                self.spend(whole.saturating_mul(all))?;
            }
        }
        Ok(size)
    }

    /// All subschemas that are applied to the same value as `active`, in their order, charged for
    /// a value whose string has `length` bytes.
    fn close(&mut self, mut active: Active, length: u64) -> Result<Vec<(Rank, Times)>, TooMuch> {
        let parts = self.parts;
        let mut met = Vec::new();
        while let Some((rank, mut times)) = active.pop_first() {
            let part = &parts[rank];
            let marks = times.applied.saturating_mul(part.unevaluated);
            times.marked = times.marked.saturating_add(marks);
            let all = times.applied.saturating_add(times.marked);
            self.spend(cost(part.own, length).saturating_mul(all))?;
            for inner in &part.in_place {
                self.work(1)?;
                add(&mut active, *inner, all, times.marked);
            }
            if let Some(target) = part.reference {
                add(&mut active, target, times.applied, times.marked);
            }
            met.push((rank, times));
        }
        Ok(met)
    }

    fn item(&mut self, met: &[(Rank, Times)], place: usize) -> Result<Active, TooMuch> {
        let parts = self.parts;
        let mut inner = Active::new();
        for (rank, times) in met {
            let part = &parts[*rank];
            let all = times.applied.saturating_add(times.marked);
            self.spend(part.member.steps.saturating_mul(all))?;
            let applied = part.prefix.get(place).into_iter().chain(&part.every_item);
            for rank in applied {
                self.work(1)?;
                add(&mut inner, *rank, all, 0);
            }
        }
        Ok(inner)
    }

    fn member(&mut self, met: &[(Rank, Times)], name: &str) -> Result<Active, TooMuch> {
        let parts = self.parts;
        let (mut inner, mut named) = (Active::new(), Active::new());
        for (rank, times) in met {
            let part = &parts[*rank];
            let all = times.applied.saturating_add(times.marked);
            self.spend(cost(part.member, name.len() as u64).saturating_mul(all))?;
            let listed = part.members.get(name);
            let named_or_not = listed.or(part.additional.as_ref());
            for rank in named_or_not.into_iter().chain(&part.every_member) {
                self.work(1)?;
                add(&mut inner, *rank, all, 0);
            }
            if let Some(names) = part.names {
                add(&mut named, names, times.applied, 0);
            }
        }
        self.close(named, name.len() as u64)?;
        Ok(inner)
    }

    fn spend(&mut self, steps: u64) -> Result<(), TooMuch> {
        self.steps = self.steps.saturating_add(steps);
        self.work(1)
    }

    fn work(&mut self, steps: u64) -> Result<(), TooMuch> {
        self.work += steps;
        if self.steps.max(self.work) <= self.limit {
            Ok(())
        } else {
            Err(TooMuch)
        }
    }
}

/// The cost on a value whose string has `length` bytes.
fn cost(weight: Weight, length: u64) -> u64 {
    let bytes = weight.bytes.saturating_mul(length) / SIXTEENTHS;
    weight.steps.saturating_add(bytes)
}

fn add(active: &mut Active, rank: Rank, applied: u64, marked: u64) {
    let times = active.entry(rank).or_default();
    times.applied = times.applied.saturating_add(applied);
    times.marked = times.marked.saturating_add(marked);
}
