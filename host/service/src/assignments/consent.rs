//! What a new version changes for those who consented to an older one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillgate_skill::Permissions;
use skillgate_store::Version;

/// What has to be consented to, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsentRequired {
    /// What is new.
    pub difference: ConsentDifference,
    /// The task whose approval consents; `None` where no further task may be made.
    pub task_id: Option<String>,
}

/// What a version differs in from the one that was consented to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentDifference {
    /// What it asks for.
    pub permissions: PermissionDifference,
    /// Tools that were added, removed, or changed in their text, schema or annotations, by name.
    pub tools: Vec<ToolDifference>,
    /// Who signed both, where that is not the same key.
    pub signer: Option<SignerDifference>,
}

/// Permissions that only one of the two versions asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermissionDifference {
    /// Asked for by the new one.
    pub added: Permissions,
    /// Asked for by the old one.
    pub removed: Permissions,
}

/// A tool that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolDifference {
    /// The tool's own name.
    pub name: String,
    /// In which way.
    pub change: ToolChange,
}

/// How a tool differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChange {
    /// The old version has none of this name.
    Added,
    /// The new version has none of this name.
    Removed,
    /// Both have it, and not the same.
    Changed,
}

/// Key ids; `null` for instructions that nobody signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerDifference {
    /// Of the old version.
    pub before: Option<String>,
    /// Of the new version.
    pub after: Option<String>,
}

impl ConsentDifference {
    /// Compares a version with the one that was consented to.
    pub(super) fn between(before: &Version, after: &Version) -> Self {
        let (old, new) = (&before.permissions, &after.permissions);
        let signer = SignerDifference {
            before: before.publisher_key_id.clone(),
            after: after.publisher_key_id.clone(),
        };
        Self {
            permissions: PermissionDifference {
                added: new.beyond(old),
                removed: old.beyond(new),
            },
            tools: tool_differences(&before.tools, &after.tools),
            signer: (signer.before != signer.after).then_some(signer),
        }
    }

    /// Whether somebody must consent: nothing is asked of anybody for a version that only does less.
    pub(super) fn needs_consent(&self) -> bool {
        let grows = |tool: &ToolDifference| tool.change != ToolChange::Removed;
        !self.permissions.added.is_empty() || self.tools.iter().any(grows) || self.signer.is_some()
    }

    /// What must be consented to, in a sentence for each.
    pub(super) fn reasons(&self) -> String {
        let mut reasons = Vec::new();
        let added = &self.permissions.added;
        if !added.is_empty() {
            reasons.push(format!("it asks for more:\n{}", added.to_yaml()));
        }
        let grown: Vec<&str> = self
            .tools
            .iter()
            .filter(|tool| tool.change != ToolChange::Removed)
            .map(|tool| tool.name.as_str())
            .collect();
        if !grown.is_empty() {
            reasons.push(format!("tools are new or changed: {}", grown.join(", ")));
        }
        if self.signer.is_some() {
            reasons.push("another key signed it".to_owned());
        }
        reasons.join("; ")
    }
}

fn tool_differences(before: &Value, after: &Value) -> Vec<ToolDifference> {
    let (old, new) = (by_name(before), by_name(after));
    let removed = old.keys().filter(|name| !new.contains_key(*name));
    let removed = removed.map(|name| (*name, ToolChange::Removed));
    let others = new.iter().filter_map(|(name, tool)| match old.get(name) {
        None => Some((*name, ToolChange::Added)),
        Some(known) if known == tool => None,
        Some(_) => Some((*name, ToolChange::Changed)),
    });
    let mut all: Vec<ToolDifference> = removed
        .chain(others)
        .map(|(name, change)| ToolDifference {
            name: name.to_owned(),
            change,
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn by_name(tools: &Value) -> BTreeMap<&str, &Value> {
    let tools = tools.as_array().into_iter().flatten();
    tools
        .filter_map(|tool| Some((tool.get("name")?.as_str()?, tool)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skillgate_store::{Timestamp, TrustLevel};

    use super::*;

    fn version(permissions: Value, tools: Value, key: &str) -> Version {
        Version {
            id: String::new(),
            skill_id: String::new(),
            number: 1,
            version: "1.0.0".to_owned(),
            digest: String::new(),
            size: 0,
            manifest: json!({}),
            tools,
            permissions: serde_json::from_value(permissions).unwrap(),
            publisher_key_id: Some(key.to_owned()),
            trust_level: TrustLevel::Community,
            published_by: String::new(),
            yanked: false,
            created_at: Timestamp::from_micros(0),
        }
    }

    fn tool(name: &str, description: &str) -> Value {
        json!({ "name": name, "description": description, "inputSchema": {} })
    }

    #[test]
    fn what_only_does_less_needs_no_consent() {
        let settings = json!({ "config": ["A"] });
        let before = version(settings, json!([tool("a", ""), tool("b", "")]), "k");
        let after = version(json!({}), json!([tool("a", "")]), "k");
        let difference = ConsentDifference::between(&before, &after);
        assert!(!difference.needs_consent());
        assert!(!difference.permissions.removed.is_empty());
        assert_eq!(difference.tools[0].change, ToolChange::Removed);
        assert!(ConsentDifference::between(&after, &before).needs_consent());
    }

    #[test]
    fn a_grown_ask_a_changed_tool_and_another_signer_each_need_consent() {
        let tools = json!([tool("a", "")]);
        let before = version(json!({}), tools.clone(), "k");
        assert!(!ConsentDifference::between(&before, &before).needs_consent());
        let grown = [
            version(json!({ "config": ["A"] }), tools.clone(), "k"),
            version(json!({}), json!([tool("a", "Now says more.")]), "k"),
            version(json!({}), json!([tool("a", ""), tool("b", "")]), "k"),
            version(json!({}), tools, "other"),
        ];
        for after in &grown {
            let difference = ConsentDifference::between(&before, after);
            assert!(difference.needs_consent(), "{difference:?}");
            assert!(!difference.reasons().is_empty());
        }
    }
}
