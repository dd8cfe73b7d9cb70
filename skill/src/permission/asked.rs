//! [`Permissions`]: one type for the ask and for the grant, so that they can be compared.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};

use super::files::no_overlap;
use super::{FilePermission, HttpRule, SecretPermission, yaml};
use crate::GrammarError;
use crate::manifest::{check_identifier, check_skill_name, check_tool_name, size};

/// The most entries in one list of permissions.
pub const MAX_RULES: usize = 64;

/// A set of permissions, asked for or granted. Empty means nothing is permitted.
///
/// Its serde form is the form that it has in a manifest, rules and sizes as texts. Reading it, from
/// YAML or JSON, checks every rule and every bound; an unknown key is an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Requests that may be sent.
    #[serde(
        default,
        deserialize_with = "bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub http: Vec<HttpRule>,
    /// Secrets that the host puts into requests. The skill never sees a value.
    #[serde(
        default,
        deserialize_with = "bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub secrets: Vec<SecretPermission>,
    /// Folders that last, of which none lies in another.
    #[serde(
        default,
        deserialize_with = "files",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub files: Vec<FilePermission>,
    /// A key-value store that lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kv: Option<KvPermission>,
    /// Names of settings that may be read.
    #[serde(
        default,
        deserialize_with = "config",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub config: Vec<String>,
    /// Tools of other skills that may be called, as `skill/tool`.
    #[serde(
        default,
        deserialize_with = "tools",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tools: Vec<String>,
    /// Access to the agent's knowledge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knowledge: Option<KnowledgeAccess>,
    /// Use of the agent's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmPermission>,
}

/// A key-value store of its own for each (agent, peer, skill).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvPermission {
    /// Most bytes, keys and values together. Written `1MiB`.
    #[serde(with = "size")]
    pub quota: u64,
}

/// Access to knowledge; writing includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnowledgeAccess {
    /// Search and read.
    Read,
    /// Add and change, too.
    Write,
}

/// Use of the agent's model by a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmPermission {
    /// Most tokens, in and out together, in one call of a tool.
    pub tokens: u64,
}

impl Permissions {
    /// Whether nothing at all is permitted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everything that `other` permits is permitted here: an update that is covered by
    /// what was granted needs no new consent.
    pub fn covers(&self, other: &Self) -> bool {
        other.beyond(self).is_empty()
    }

    /// What is permitted here and not by `other`: the difference to show before consent.
    /// An entry that `other` permits only in part is given whole.
    pub fn beyond(&self, other: &Self) -> Self {
        Self {
            http: uncovered(&self.http, &other.http, HttpRule::covers),
            secrets: uncovered(&self.secrets, &other.secrets, PartialEq::eq),
            files: uncovered(&self.files, &other.files, FilePermission::covers),
            kv: self
                .kv
                .filter(|kv| other.kv.is_none_or(|other| other.quota < kv.quota)),
            config: uncovered(&self.config, &other.config, PartialEq::eq),
            tools: uncovered(&self.tools, &other.tools, PartialEq::eq),
            knowledge: self
                .knowledge
                .filter(|access| other.knowledge < Some(*access)),
            llm: self
                .llm
                .filter(|llm| other.llm.is_none_or(|other| other.tokens < llm.tokens)),
        }
    }

    /// These permissions as block-style YAML, as they stand below `permissions:`. Empty when empty.
    pub fn to_yaml(&self) -> String {
        yaml::block(self, 0)
    }

    /// These permissions with their parents, as they stand in the frontmatter of a `SKILL.md`.
    pub fn to_manifest_yaml(&self) -> String {
        let body = yaml::block(self, 6);
        format!("metadata:\n  skillgate:\n    permissions:\n{body}")
    }

    /// These permissions with their one parent, as a grant shows them.
    pub fn to_grant_yaml(&self) -> String {
        format!("permissions:\n{}", yaml::block(self, 2))
    }
}

/// The entries of `asked` that no entry of `held` covers.
fn uncovered<T: Clone>(asked: &[T], held: &[T], covers: impl Fn(&T, &T) -> bool) -> Vec<T> {
    asked
        .iter()
        .filter(|ask| !held.iter().any(|holds| covers(holds, ask)))
        .cloned()
        .collect()
}

fn bounded<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let entries = Vec::<T>::deserialize(from)?;
    if entries.len() > MAX_RULES {
        let count = entries.len();
        return Err(D::Error::custom(format!(
            "{count} entries are more than the {MAX_RULES} allowed"
        )));
    }
    Ok(entries)
}

fn files<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<FilePermission>, D::Error> {
    let folders: Vec<FilePermission> = bounded(from)?;
    no_overlap(&folders).map_err(D::Error::custom)?;
    Ok(folders)
}

fn config<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    checked(from, check_identifier)
}

fn tools<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    checked(from, check_tool)
}

/// A tool of a skill, written `skill/tool`.
pub(super) fn check_tool(text: &str) -> Result<(), GrammarError> {
    let Some((skill, tool)) = text.split_once('/') else {
        let form = "write skill/tool, such as calculator/evaluate";
        return Err(GrammarError::new("a tool of a skill", text, form));
    };
    check_skill_name(skill).and_then(|()| check_tool_name(tool))
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    check: impl Fn(&str) -> Result<(), GrammarError>,
) -> Result<Vec<String>, D::Error> {
    let names: Vec<String> = bounded(from)?;
    names
        .iter()
        .try_for_each(|name| check(name))
        .map_err(D::Error::custom)?;
    Ok(names)
}
