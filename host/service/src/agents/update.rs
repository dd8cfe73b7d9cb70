//! Agents: name, avatar, `config` and swarm, changed.

use serde_json::{Map, Value};
use skillgate_agent::nests_deeper_than;
use skillgate_store::{Agent, AgentStatus, HeldSecrets, Swarm};
use url::Url;

use super::{Agents, missing};
use crate::config::{MAX_AVATAR_URL_BYTES, MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH, MAX_NAME_CHARS};
use crate::{Actor, AgentId, ServiceError, validate};

/// What to change of an agent. What is absent stays as it is.
#[derive(Debug, Default)]
pub struct UpdateAgent {
    /// 1 to 100 characters.
    pub name: Option<String>,
    /// The address of a picture, over HTTP or HTTPS; the inner `None` removes it.
    pub avatar_url: Option<Option<String>>,
    /// Merged into `config`: each key replaces the one of its name, and `null` deletes it.
    pub config: Option<Map<String, Value>>,
    /// The swarm that the agent joins; the inner `None` takes it out of its swarm.
    pub swarm_id: Option<Option<String>>,
}

/// The swarm that an agent is moved to, if any, and the names of the credentials that it brings.
struct Move {
    swarm: Option<Swarm>,
    credentials: Vec<String>,
}

impl Agents {
    /// Changes an agent. IDENTITY.md follows the name. A change of `config` marks an agent that runs for a restart.
    ///
    /// # Errors
    /// `NotFound` for the agent or the swarm, `Invalid` for a field that is not acceptable, or when the agent would have no
    /// credential for its provider; nothing is changed then.
    pub async fn update(
        &self,
        actor: &Actor,
        id: &AgentId,
        update: UpdateAgent,
    ) -> Result<Agent, ServiceError> {
        self.get(actor, id).await?;
        let name = update.name.as_deref();
        let name = name.map(|name| validate::required("name", name, MAX_NAME_CHARS));
        let name = name.transpose()?;
        let avatar_url = update.avatar_url.map(check_avatar_url).transpose()?;
        let moved = match update.swarm_id {
            Some(swarm) => Some(self.move_to(actor, swarm.as_deref()).await?),
            None => None,
        };
        let fields = named(&[
            ("name", name.is_some()),
            ("avatarUrl", avatar_url.is_some()),
            ("config", update.config.is_some()),
            ("swarmId", moved.is_some()),
        ]);
        let change = |agent: &mut Agent, held: &HeldSecrets| {
            if let Some(name) = name {
                agent.name = name;
            }
            if let Some(avatar_url) = avatar_url {
                agent.avatar_url = avatar_url;
            }
            self.reconfigure(agent, held, update.config, moved)
        };
        let changed = self.store.update_agent(&actor.account, id, change).await?;
        let changed = changed.ok_or_else(missing)?;
        if !fields.is_empty() {
            self.note(&changed, &format!("Agent changed: {fields}"));
        }
        Ok(changed)
    }

    async fn move_to(&self, actor: &Actor, swarm: Option<&str>) -> Result<Move, ServiceError> {
        let swarm = self.swarm_to_join(actor, swarm).await?;
        let id = swarm.as_ref().map(|swarm| swarm.id.as_str());
        let credentials = self.swarm_credentials(&actor.account, id).await?;
        Ok(Move { swarm, credentials })
    }

    /// Changes `config` and swarm, and checks that the agent has a credential then: those of a swarm are its own, too.
    fn reconfigure(
        &self,
        agent: &mut Agent,
        held: &HeldSecrets,
        config: Option<Map<String, Value>>,
        moved: Option<Move>,
    ) -> Result<(), ServiceError> {
        if config.is_none() && moved.is_none() {
            return Ok(());
        }
        if let Some(changes) = config {
            merge(&mut agent.config, changes);
            check_config(&agent.config)?;
            agent.needs_restart |= agent.status == AgentStatus::Running;
        }
        let of_swarm = match moved {
            Some(moved) => {
                join(agent, moved.swarm);
                moved.credentials
            }
            None => held.swarm.clone(),
        };
        let holds = |names: &[String], name: &str| names.iter().any(|known| known == name);
        self.providers.choose(
            &agent.config,
            &[&|name| holds(&held.agent, name), &|name| {
                holds(&of_swarm, name)
            }],
        )?;
        Ok(())
    }
}

fn join(agent: &mut Agent, swarm: Option<Swarm>) {
    let (name, slug) = swarm
        .as_ref()
        .map(|swarm| (swarm.name.clone(), swarm.slug.clone()))
        .unzip();
    agent.swarm_id = swarm.map(|swarm| swarm.id);
    agent.swarm_name = name;
    agent.swarm_slug = slug;
}

/// Checks that `config` is small enough, and nested no deeper than answers may be.
pub(super) fn check_config(config: &Value) -> Result<(), ServiceError> {
    if nests_deeper_than(config, MAX_CONFIG_DEPTH) {
        return Err(ServiceError::invalid(format!(
            "config: must not be nested more than {MAX_CONFIG_DEPTH} deep."
        )));
    }
    validate::at_most("config", &config.to_string(), MAX_CONFIG_BYTES)
}

/// Merges `changes` into `config`, one level deep: a value takes the place of the one that is there, `null` deletes it.
fn merge(config: &mut Value, changes: Map<String, Value>) {
    if !config.is_object() {
        *config = Value::Object(Map::new());
    }
    let Some(config) = config.as_object_mut() else {
        return;
    };
    for (key, value) in changes {
        if value.is_null() {
            config.remove(&key);
        } else {
            config.insert(key, value);
        }
    }
}

/// Pages show the avatar: an address of another scheme could be a script.
fn check_avatar_url(given: Option<String>) -> Result<Option<String>, ServiceError> {
    let Some(given) = given else {
        return Ok(None);
    };
    if given.len() <= MAX_AVATAR_URL_BYTES && is_web_address(&given) {
        return Ok(Some(given));
    }
    Err(ServiceError::invalid(format!(
        "avatarUrl: must be an address that begins with `https://` or `http://` and has at most \
         {MAX_AVATAR_URL_BYTES} bytes and no spaces, or null."
    )))
}

/// Whether a text is an address of the web as it is: parsing alone would drop spaces and line feeds.
fn is_web_address(text: &str) -> bool {
    let is_plain = !text.contains(|one: char| one.is_control() || one.is_whitespace());
    let url = Url::parse(text);
    is_plain && url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// The names of those fields that are there.
fn named(fields: &[(&str, bool)]) -> String {
    let given = fields.iter().filter(|(_, is_given)| *is_given);
    let names: Vec<&str> = given.map(|(name, _)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn config_is_merged_one_level_deep() {
        let mut config = json!({ "a": 1, "b": { "c": 1, "d": 2 }, "e": 3 });
        let changes = json!({ "b": { "c": null }, "e": null, "f": [4], "absent": null });
        merge(&mut config, changes.as_object().unwrap().clone());
        assert_eq!(config, json!({ "a": 1, "b": { "c": null }, "f": [4] }));
    }

    #[test]
    fn an_avatar_is_a_web_address() {
        let check = |given: &str| check_avatar_url(Some(given.to_owned()));
        assert_eq!(check_avatar_url(None).unwrap(), None);
        let good = "https://example.com/a.png";
        assert_eq!(check(good).unwrap().as_deref(), Some(good));
        for wrong in [
            "",
            "a.png",
            "//example.com/a",
            "javascript:alert(1)",
            "data:image/png,x",
            "https://example.com/a b",
            "https://example.com/\n",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        let prefix = "https://example.com/";
        let of_length = |bytes: usize| format!("{prefix}{}", "a".repeat(bytes - prefix.len()));
        assert!(check(&of_length(MAX_AVATAR_URL_BYTES)).is_ok());
        assert!(check(&of_length(MAX_AVATAR_URL_BYTES + 1)).is_err());
    }
}
