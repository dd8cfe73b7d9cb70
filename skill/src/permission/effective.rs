//! The decision: permitted is what was asked for **and** granted.

use std::sync::Arc;

use url::Url;

use super::asked::check_tool;
use super::http_request::{HttpRequest, described};
use super::{
    Denial, FileAccess, FilePermission, HttpRule, Injection, KnowledgeAccess, KvPermission,
    LlmPermission, Permissions, SecretPermission,
};
use crate::error::shown;
use crate::manifest::check_identifier;
use crate::package::check_path;

/// What a skill may do in one call: asked ∩ granted, decided as "both permit".
#[derive(Debug, Clone)]
pub struct Effective {
    asked: Arc<Permissions>,
    granted: Arc<Permissions>,
}

impl Effective {
    /// `asked` stands in the manifest that was verified; `granted` was given by a person or an API
    /// key with the scope, and is still valid.
    pub fn new(asked: Arc<Permissions>, granted: Arc<Permissions>) -> Self {
        Self { asked, granted }
    }

    /// Whether a request with `method` (upper case) to `url` may be sent. The addresses that its
    /// host resolves to are the operator's business, and are checked beside this.
    ///
    /// # Errors
    /// The denial, with the narrowest rule that would permit the request.
    pub fn http(&self, method: &str, url: &Url) -> Result<(), Denial> {
        let impossible = |why: &str| Denial::impossible(described(method, url), why);
        let request = HttpRequest::new(method, url).map_err(impossible)?;
        let rule = HttpRule::for_request(&request);
        let rule = rule.ok_or_else(|| impossible("its host cannot stand in a rule"))?;
        let missing = || Permissions {
            http: vec![rule.clone()],
            ..Permissions::default()
        };
        let permits = |held: &Permissions| held.http.iter().any(|rule| rule.permits(&request));
        self.both(|| described(method, url), permits, missing)
    }

    /// The secrets that the host puts into a request to `host`, as `Url::host_str` gives it.
    /// To be asked only after [`Effective::http`] permitted the request.
    pub fn secrets_for(&self, host: &str) -> Vec<&SecretPermission> {
        let asked = self
            .asked
            .secrets
            .iter()
            .filter(|secret| secret.host == host);
        asked
            .filter(|secret| self.granted.secrets.contains(secret))
            .collect()
    }

    /// The secret called `name`: whether the skill may know that it exists.
    ///
    /// # Errors
    /// The denial; for a secret that was not asked for, its YAML names a host to be replaced.
    pub fn secret(&self, name: &str) -> Result<&SecretPermission, Denial> {
        let tried = || format!("the secret {}", shown(name));
        check_identifier(name).map_err(|error| Denial::impossible(tried(), error.to_string()))?;
        let mut asked = self
            .asked
            .secrets
            .iter()
            .filter(|secret| secret.name == name)
            .peekable();
        let Some(first) = asked.peek().copied() else {
            let example = SecretPermission {
                name: name.to_owned(),
                inject: Injection::Bearer,
                host: "the-host-it-is-sent-to.example".to_owned(),
            };
            return Err(Denial::not_asked(tried(), &only_secret(&example)));
        };
        asked
            .find(|secret| self.granted.secrets.contains(secret))
            .ok_or_else(|| Denial::not_granted(tried(), &only_secret(first)))
    }

    /// The folders to open: in each the weaker access and the smaller quota.
    pub fn files(&self) -> Vec<FilePermission> {
        let granted = |asked: &FilePermission| {
            self.granted
                .files
                .iter()
                .find(|granted| granted.path == asked.path)
                .map(|granted| asked.both(granted))
        };
        self.asked.files.iter().filter_map(granted).collect()
    }

    /// The folder `path`, to be used with `access`.
    ///
    /// # Errors
    /// The denial.
    pub fn file(&self, path: &str, access: FileAccess) -> Result<FilePermission, Denial> {
        let permits = |held: &Permissions| {
            held.files
                .iter()
                .any(|folder| folder.path == path && folder.access >= access)
        };
        let missing = || {
            let asked = self.asked.files.iter().find(|folder| folder.path == path);
            let quota = asked.map_or(10 << 20, |folder| folder.quota);
            Permissions {
                files: vec![FilePermission {
                    path: path.to_owned(),
                    access,
                    quota,
                }],
                ..Permissions::default()
            }
        };
        let tried = || format!("{access} access to the folder {}", shown(path));
        check_path(path).map_err(|error| Denial::impossible(tried(), error.to_string()))?;
        self.both(tried, permits, missing)?;
        let found = self.files().into_iter().find(|folder| folder.path == path);
        found.ok_or_else(|| Denial::not_granted(tried(), &missing()))
    }

    /// The bytes that the key-value store may hold.
    ///
    /// # Errors
    /// The denial.
    pub fn kv_quota(&self) -> Result<u64, Denial> {
        let quota = |held: &Permissions| held.kv.map(|kv| kv.quota);
        self.smaller("the key-value store", quota, |quota| Permissions {
            kv: Some(KvPermission {
                quota: quota.unwrap_or(1 << 20),
            }),
            ..Permissions::default()
        })
    }

    /// Whether the setting `key` may be read.
    ///
    /// # Errors
    /// The denial.
    pub fn config(&self, key: &str) -> Result<(), Denial> {
        let permits = |held: &Permissions| held.config.iter().any(|one| one == key);
        let missing = || Permissions {
            config: vec![key.to_owned()],
            ..Permissions::default()
        };
        let tried = || format!("the setting {}", shown(key));
        check_identifier(key).map_err(|error| Denial::impossible(tried(), error.to_string()))?;
        self.both(tried, permits, missing)
    }

    /// Whether `tool`, written `skill/tool`, may be called.
    ///
    /// # Errors
    /// The denial.
    pub fn tools(&self, tool: &str) -> Result<(), Denial> {
        let permits = |held: &Permissions| held.tools.iter().any(|one| one == tool);
        let missing = || Permissions {
            tools: vec![tool.to_owned()],
            ..Permissions::default()
        };
        let tried = || format!("the tool {}", shown(tool));
        check_tool(tool).map_err(|error| Denial::impossible(tried(), error.to_string()))?;
        self.both(tried, permits, missing)
    }

    /// Whether the agent's knowledge may be used with `access`.
    ///
    /// # Errors
    /// The denial.
    pub fn knowledge(&self, access: KnowledgeAccess) -> Result<(), Denial> {
        let tried = || match access {
            KnowledgeAccess::Read => "reading the agent's knowledge".to_owned(),
            KnowledgeAccess::Write => "writing the agent's knowledge".to_owned(),
        };
        let permits = |held: &Permissions| held.knowledge >= Some(access);
        self.both(tried, permits, || Permissions {
            knowledge: Some(access),
            ..Permissions::default()
        })
    }

    /// The tokens of the agent's model that one call may use.
    ///
    /// # Errors
    /// The denial.
    pub fn llm(&self) -> Result<u64, Denial> {
        let tokens = |held: &Permissions| held.llm.map(|llm| llm.tokens);
        self.smaller("the agent's model", tokens, |tokens| Permissions {
            llm: Some(LlmPermission {
                tokens: tokens.unwrap_or(1000),
            }),
            ..Permissions::default()
        })
    }

    /// Whether any http rule stands on both sides, so that the interface is worth linking.
    pub fn wants_http(&self) -> bool {
        !self.asked.http.is_empty() && !self.granted.http.is_empty()
    }

    /// What the manifest asks for.
    pub fn asked(&self) -> &Permissions {
        &self.asked
    }

    /// What was granted.
    pub fn granted(&self) -> &Permissions {
        &self.granted
    }

    fn both(
        &self,
        tried: impl Fn() -> String,
        permits: impl Fn(&Permissions) -> bool,
        missing: impl Fn() -> Permissions,
    ) -> Result<(), Denial> {
        if !permits(&self.asked) {
            return Err(Denial::not_asked(tried(), &missing()));
        }
        if !permits(&self.granted) {
            return Err(Denial::not_granted(tried(), &missing()));
        }
        Ok(())
    }

    /// The smaller of two amounts; `missing` makes the permission from the amount asked for.
    fn smaller(
        &self,
        tried: &str,
        amount: impl Fn(&Permissions) -> Option<u64>,
        missing: impl Fn(Option<u64>) -> Permissions,
    ) -> Result<u64, Denial> {
        let Some(asked) = amount(&self.asked) else {
            return Err(Denial::not_asked(tried, &missing(None)));
        };
        let granted = amount(&self.granted);
        let granted = granted.ok_or_else(|| Denial::not_granted(tried, &missing(Some(asked))))?;
        Ok(asked.min(granted))
    }
}

fn only_secret(secret: &SecretPermission) -> Permissions {
    Permissions {
        secrets: vec![secret.clone()],
        ..Permissions::default()
    }
}
