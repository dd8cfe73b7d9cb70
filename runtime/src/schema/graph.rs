//! A schema as a graph: its subschemas, and which of them each applies to the same value, to
//! members and items, or to names. Read without recursion, before anything else looks at it.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::budget::{Budget, refuse_over};
use super::keyword::{self, Form, Keyword, classify, values};
use super::pattern;
use super::weight::Weight;

/// The number of a subschema in its graph; the root is 0.
pub(super) type NodeId = usize;

/// The root of a schema.
pub(super) const ROOT: NodeId = 0;

/// One subschema that the root reaches.
pub(super) struct Node<'a> {
    /// The subschema as it was listed.
    pub(super) value: &'a Value,
    /// Where its `$ref` leads.
    pub(super) reference: Option<NodeId>,
    /// What it applies to the same value, but for its `$ref`.
    pub(super) in_place: Vec<NodeId>,
    /// Of these, one looks at a member.
    pub(super) members: Vec<NodeId>,
    /// Of these, one looks at an item.
    pub(super) prefix: Vec<NodeId>,
    /// Each of these may look at every member or item.
    pub(super) every: Vec<NodeId>,
    /// What looks at the names of members.
    pub(super) names: Option<NodeId>,
    /// How many of `unevaluatedProperties` and `unevaluatedItems` it has: each evaluates again what
    /// is applied in place, to learn what was looked at.
    pub(super) unevaluated: u64,
    /// JSON values that the compiled form holds a copy of.
    pub(super) copies: u64,
    /// What it costs on each value, without its subschemas.
    pub(super) own: Weight,
    /// What it costs on each member or item of a value, without its subschemas.
    pub(super) member: Weight,
    /// Whether a `$ref` leads here.
    pub(super) is_target: bool,
    /// The subschema that it was reached from, and how.
    trail: Option<(NodeId, String)>,
}

/// A schema's subschemas.
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// The subschemas by the address of what was listed: a `$ref` leads to one that may be part of another.
    known: HashMap<*const Value, NodeId>,
}

/// What an error shows of the way to a subschema: levels, and bytes.
const TRAIL_LEVELS: usize = 40;
const TRAIL_BYTES: usize = 200;

impl<'a> Graph<'a> {
    /// Reads `root`. Every error continues "its input schema …".
    pub(super) fn read(root: &'a Value, budget: &mut Budget<'_>) -> Result<Self, String> {
        let mut reader = Reader {
            graph: Self {
                nodes: Vec::new(),
                known: HashMap::new(),
            },
            root,
            budget,
            unread: Vec::new(),
            patterns: 0,
        };
        reader.node(root, None)?;
        while let Some(id) = reader.unread.pop() {
            reader.read_node(id)?;
        }
        Ok(reader.graph)
    }

    /// The subschema that `value`, a part of what was read, is.
    pub(super) fn id_of(&self, value: &Value) -> Option<NodeId> {
        self.known.get(&std::ptr::from_ref(value)).copied()
    }

    /// The way to a subschema for an error: `at properties/a/allOf/0`.
    pub(super) fn place(&self, id: NodeId) -> String {
        let mut segments = Vec::new();
        let mut at = id;
        while let Some((parent, segment)) = &self.nodes[at].trail
            && segments.len() < TRAIL_LEVELS
        {
            segments.push(segment.as_str());
            at = *parent;
        }
        segments.reverse();
        let mut path = segments.join("/");
        path.truncate(path.floor_char_boundary(TRAIL_BYTES));
        match path.as_str() {
            "" => "at its root".into(),
            path => format!("at {path}"),
        }
    }
}

struct Reader<'a, 'b, 'l> {
    graph: Graph<'a>,
    root: &'a Value,
    budget: &'b mut Budget<'l>,
    unread: Vec<NodeId>,
    patterns: usize,
}

impl<'a> Reader<'a, '_, '_> {
    /// The number of the subschema `value`, which is read later if it is new.
    fn node(
        &mut self,
        value: &'a Value,
        trail: Option<(NodeId, String)>,
    ) -> Result<NodeId, String> {
        let address = std::ptr::from_ref(value);
        if let Some(known) = self.graph.known.get(&address) {
            return Ok(*known);
        }
        let id = self.graph.nodes.len();
        refuse_over(
            id + 1,
            self.budget.limits().nodes,
            "subschemas; simplify it, or make several tools",
        )?;
        self.budget.add_node()?;
        self.graph.known.insert(address, id);
        self.graph.nodes.push(Node {
            value,
            reference: None,
            in_place: Vec::new(),
            members: Vec::new(),
            prefix: Vec::new(),
            every: Vec::new(),
            names: None,
            unevaluated: 0,
            copies: 0,
            own: Weight::steps(2),
            member: Weight::default(),
            is_target: false,
            trail,
        });
        self.unread.push(id);
        Ok(id)
    }

    fn read_node(&mut self, id: NodeId) -> Result<(), String> {
        // What is no schema at all is refused by the meta-schema.
        if let Value::Object(keywords) = self.graph.nodes[id].value {
            for (name, value) in keywords {
                self.read_keyword(id, name, value)?;
            }
        }
        Ok(())
    }

    fn read_keyword(&mut self, id: NodeId, name: &str, value: &'a Value) -> Result<(), String> {
        match classify(name) {
            Keyword::InPlace(form) => {
                let subschemas = self.subschemas(id, name, value, form)?;
                if name == "not" {
                    self.graph.nodes[id].copies += values(value);
                }
                self.graph.nodes[id].in_place.extend(subschemas);
            }
            Keyword::Members => self.members(id, name, value)?,
            Keyword::Prefix => {
                let subschemas = self.subschemas(id, name, value, Form::List)?;
                self.graph.nodes[id].prefix.extend(subschemas);
            }
            Keyword::Every(form) => self.every(id, name, value, form)?,
            Keyword::Names => {
                let named = self.node(value, Some((id, name.to_owned())))?;
                self.graph.nodes[id].names = Some(named);
            }
            Keyword::Reference => self.reference(id, value)?,
            Keyword::Pattern => {
                if let Value::String(pattern) = value {
                    let weight = self.pattern(pattern)?;
                    self.add_own(id, weight);
                }
            }
            Keyword::Assertion => {
                if matches!(name, "enum" | "const") {
                    self.graph.nodes[id].copies += 2 * values(value);
                }
                self.add_own(id, keyword::assertion(name, value));
            }
            Keyword::Refused(why) => {
                let place = self.graph.place(id);
                return Err(format!("uses `{name}` {place}: {why}"));
            }
            Keyword::RootOnly if id != ROOT => {
                let place = self.graph.place(id);
                return Err(format!(
                    "uses `{name}` {place}, below its root, where it would change what `$ref` means; remove it"
                ));
            }
            Keyword::RootOnly | Keyword::Annotation => {}
        }
        Ok(())
    }

    /// `properties`: the more of them, the longer each member's name is looked for.
    fn members(&mut self, id: NodeId, name: &str, value: &'a Value) -> Result<(), String> {
        let subschemas = self.subschemas(id, name, value, Form::Map)?;
        let count = subschemas.len() as u64;
        self.add_own(id, Weight::steps(1 + 2 * count));
        self.add_member(id, Weight::steps(1 + count / 8).plus(Weight::bytes(1)));
        self.graph.nodes[id].members.extend(subschemas);
        Ok(())
    }

    fn every(
        &mut self,
        id: NodeId,
        name: &str,
        value: &'a Value,
        form: Form,
    ) -> Result<(), String> {
        let subschemas = self.subschemas(id, name, value, form)?;
        self.add_own(id, Weight::steps(1));
        match (name, value) {
            ("patternProperties", Value::Object(patterns)) => {
                for pattern in patterns.keys() {
                    // Once for itself, once for additionalProperties.
                    let weight = self.pattern(pattern)?.times(2);
                    self.add_member(id, weight);
                }
            }
            ("unevaluatedProperties" | "unevaluatedItems", _) => {
                self.graph.nodes[id].unevaluated += 1;
                self.add_member(id, Weight::steps(4).plus(Weight::bytes(1)));
            }
            // The names of `properties` are looked for again.
            ("additionalProperties", _) => {
                let known = self.graph.nodes[id].value.get("properties");
                let count = known.and_then(Value::as_object).map_or(0, |map| map.len());
                let weight = Weight::steps(1 + count as u64 / 8).plus(Weight::bytes(1));
                self.add_member(id, weight);
            }
            // Up to twice: for minContains and for maxContains.
            ("contains", _) => self.graph.nodes[id].every.extend(&subschemas),
            _ => {}
        }
        self.graph.nodes[id].every.extend(subschemas);
        Ok(())
    }

    /// The subschemas of one keyword. What is not in the right form has none.
    fn subschemas(
        &mut self,
        id: NodeId,
        name: &str,
        value: &'a Value,
        form: Form,
    ) -> Result<Vec<NodeId>, String> {
        match (form, value) {
            (Form::One, Value::Object(_) | Value::Bool(_)) => {
                Ok(vec![self.node(value, Some((id, name.to_owned())))?])
            }
            (Form::List, Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(place, item)| self.node(item, Some((id, format!("{name}/{place}")))))
                .collect(),
            (Form::Map, Value::Object(members)) => members
                .iter()
                // `dependencies` may list names instead.
                .filter(|(_, member)| !member.is_array())
                .map(|(key, member)| self.node(member, Some((id, format!("{name}/{key}")))))
                .collect(),
            _ => Ok(Vec::new()),
        }
    }

    fn reference(&mut self, id: NodeId, value: &'a Value) -> Result<(), String> {
        let Value::String(reference) = value else {
            return Ok(());
        };
        let target = self.target(id, reference)?;
        let target = self.node(target, Some((id, "$ref".into())))?;
        self.graph.nodes[target].is_target = true;
        self.graph.nodes[id].reference = Some(target);
        // The evaluator looks whether it is at the same place with the same value already.
        self.add_own(id, Weight::steps(8));
        Ok(())
    }

    /// Where a `$ref` leads: a JSON pointer in the same document, or the whole of it.
    fn target(&self, id: NodeId, reference: &str) -> Result<&'a Value, String> {
        let quoted = &reference[..reference.floor_char_boundary(TRAIL_BYTES)];
        let place = self.graph.place(id);
        let pointer = match reference.strip_prefix('#') {
            Some(fragment) if fragment.is_empty() || fragment.starts_with('/') => {
                percent_decode_str(fragment).decode_utf8_lossy()
            }
            _ => {
                return Err(format!(
                    "has the `$ref` {quoted:?} {place}; only places in the same schema can be referred to, as in \"#/$defs/name\""
                ));
            }
        };
        self.root.pointer(&pointer).ok_or_else(|| {
            format!("has the `$ref` {quoted:?} {place}, and there is nothing at that place")
        })
    }

    fn pattern(&mut self, pattern: &str) -> Result<Weight, String> {
        self.patterns += 1;
        pattern::measure(pattern, self.patterns, self.budget)
    }

    fn add_own(&mut self, id: NodeId, weight: Weight) {
        let own = &mut self.graph.nodes[id].own;
        *own = own.plus(weight);
    }

    fn add_member(&mut self, id: NodeId, weight: Weight) {
        let member = &mut self.graph.nodes[id].member;
        *member = member.plus(weight);
    }
}
