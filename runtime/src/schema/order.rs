//! In which order subschemas can be worked through so that what one applies to the same value comes
//! before it; there is none when a value would be looked at for ever.

use super::graph::{Graph, NodeId};

/// Subschemas, each after all that it applies to the same value, and the longest row of them.
pub(super) struct Order {
    pub(super) ids: Vec<NodeId>,
    /// The most subschemas that one value passes, each inside the one before.
    pub(super) chain: usize,
}

impl Order {
    /// Orders the graph. The error continues "its input schema …".
    pub(super) fn of(graph: &Graph<'_>, longest: usize) -> Result<Self, String> {
        // Kahn's algorithm from those that apply nothing to the same value.
        let mut waiting: Vec<usize> = vec![0; graph.nodes.len()];
        let mut users: Vec<Vec<NodeId>> = vec![Vec::new(); graph.nodes.len()];
        for (id, _) in graph.nodes.iter().enumerate() {
            for inner in same_value(graph, id) {
                waiting[id] += 1;
                users[inner].push(id);
            }
        }
        let mut ids: Vec<NodeId> = (0..graph.nodes.len())
            .filter(|id| waiting[*id] == 0)
            .collect();
        let mut chains = vec![1_usize; graph.nodes.len()];
        let mut next = 0;
        while let Some(&id) = ids.get(next) {
            next += 1;
            for &user in &users[id] {
                chains[user] = chains[user].max(chains[id] + 1);
                waiting[user] -= 1;
                if waiting[user] == 0 {
                    ids.push(user);
                }
            }
        }
        if let Some(circular) = waiting.iter().position(|count| *count > 0) {
            return Err(format!(
                "refers to itself without going a level deeper, {}: checking would never end; put the `$ref` below properties or items",
                graph.place(circular)
            ));
        }
        let chain = chains.iter().copied().max().unwrap_or(0);
        if chain > longest {
            return Err(format!(
                "applies {chain} subschemas inside each other to one value; at most {longest} are allowed: nest `$ref`, `allOf`, `anyOf`, `oneOf`, `not` and `if` less"
            ));
        }
        Ok(Self { ids, chain })
    }
}

/// All that a subschema applies to the same value.
fn same_value<'g>(graph: &'g Graph<'_>, id: NodeId) -> impl Iterator<Item = NodeId> + 'g {
    let node = &graph.nodes[id];
    node.in_place.iter().copied().chain(node.reference)
}
