//! `serve --quickstart`: an agent with skills, and a request to try. What is there already stays as it is.

mod packages;

use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use skillgate_service::config::MAX_AGENTS_PER_ACCOUNT;
use skillgate_service::{
    Actor, AgentId, CreateAgent, ErrorKind, InstallSkill, OtherVersion, Services, SkillRef,
};
use skillgate_skill::{Manifest, ProofContext, prove_possession};
use skillgate_store::{Assignment, AssignmentSettings, IssuedKey, TrustLevel};

use crate::environment;
use crate::exit::Outcome;
use crate::key_file::KeyFile;
use crate::output::Output;

use packages::Opened;
pub(super) use packages::Packages;

/// The agent's name.
const NAME: &str = "Demo";
/// Who made it all, as the store will say.
const BY: &str = "quickstart";
/// What the agent is to know of its work.
const SOUL: &str = "You are Demo, an agent that shows what skills can do. Use your tools where they help, and be brief.";

/// The agent that can be talked to.
#[derive(Serialize)]
pub(super) struct Demo {
    id: String,
}

/// Makes sure that the agent is there and has every skill of the folder, in the version that is there.
pub(super) async fn prepare(
    services: &Services,
    account: &str,
    packages: Packages,
    key: Option<&Path>,
    output: &Output,
) -> Outcome<Demo> {
    let actor = Actor::host(account.parse()?, BY);
    let (agent, is_new) = agent(services, &actor).await?;
    if !packages.files.is_empty() {
        register(services, &actor, &packages.key_file(key)?).await?;
    }
    let installed = services.assignments.list(&actor, &agent).await?;
    for (path, opened) in packages.files {
        let opened = opened.await.map_err(anyhow::Error::from)??;
        let manifest = publish(services, &actor, &path, opened, output).await?;
        if !installed.iter().any(|one| is_of(one, &manifest)) {
            install(services, &actor, &agent, manifest).await?;
        }
    }
    if is_new {
        // Nobody talks to it yet: it begins with its skills, and not marked for a restart.
        services.agents.stop(&actor, &agent).await?;
        if let Err(error) = services.agents.start(&actor, &agent).await {
            output.warn(format_args!("the agent {NAME} cannot start: {error}"));
        }
    }
    Ok(Demo { id: agent.into() })
}

impl Demo {
    /// A line to paste. The key is in it while it can be known; later its variable.
    pub(super) fn text(&self, url: &str, admin: Option<&IssuedKey>) -> String {
        let header = match admin {
            Some(key) => format!("'X-Api-Key: {}'", key.plaintext.expose()),
            None => format!("\"X-Api-Key: ${}\"", environment::API_KEY),
        };
        format!(
            "\nTalk to the agent {NAME}:\n\n\
             \x20 curl -N {url}/v1/agents/{}/chat/messages -H {header} -H 'Content-Type: application/json' \
             -d '{{\"message\":\"evaluate (2+3)*7\"}}'\n",
            self.id
        )
    }
}

/// The agent's id, and whether it was made just now.
async fn agent(services: &Services, actor: &Actor) -> Outcome<(AgentId, bool)> {
    let agents = services
        .agents
        .list(actor, MAX_AGENTS_PER_ACCOUNT, 0)
        .await?;
    if let Some(agent) = agents.items.into_iter().find(|agent| agent.name == NAME) {
        return Ok((agent.id.parse()?, false));
    }
    let create = CreateAgent {
        name: NAME.to_owned(),
        soul_md: Some(SOUL.to_owned()),
        ..Default::default()
    };
    let agent = services.agents.create(actor, create).await?;
    Ok((agent.id.parse()?, true))
}

/// Registers the key that signed with the account, by the same proof that `publish` gives.
async fn register(services: &Services, actor: &Actor, path: &Path) -> Outcome {
    let file = KeyFile::read(path)?;
    let id = skillgate_skill::key_id(&file.public_key()?).to_string();
    if services
        .publisher_keys
        .list(actor)
        .await?
        .iter()
        .any(|key| key.key_id == id)
    {
        return Ok(());
    }
    let key = file
        .signing_key(|| anyhow::bail!("{} is sealed: a development key is not", path.display()))?;
    let challenge = services.publisher_keys.challenge(actor).await?;
    let context = ProofContext {
        audience: &challenge.audience,
        account: &actor.account,
        nonce: &challenge.nonce,
        issued_at: &services.now().to_string(),
    };
    let proof = prove_possession(&key, &context);
    services
        .publisher_keys
        .add(actor, &proof, "development")
        .await?;
    Ok(())
}

/// Publishes a package, unless its version is published: then a warning says when the contents differ.
async fn publish(
    services: &Services,
    actor: &Actor,
    path: &Path,
    Opened { package, bytes }: Opened,
    output: &Output,
) -> Outcome<Manifest> {
    let digest = package.digest().to_string();
    let manifest = package.manifest;
    let name = manifest.name.parse()?;
    let found = services
        .skills
        .version_of(actor, &name, manifest.version.as_deref());
    match found.await {
        Ok((_, version)) if version.digest == digest => {}
        Ok((_, version)) => output.warn(format_args!(
            "{} {} is published with other contents: raise its version to publish these",
            manifest.name, version.version
        )),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => {
            services
                .packages
                .publish_package(actor, bytes)
                .await
                .with_context(|| path.display().to_string())?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(manifest)
}

fn is_of(one: &Assignment, manifest: &Manifest) -> bool {
    one.skill_name == manifest.name && Some(&one.version) == manifest.version.as_ref()
}

/// Installs this version, with all that it asks for.
async fn install(
    services: &Services,
    actor: &Actor,
    agent: &AgentId,
    manifest: Manifest,
) -> Outcome {
    let name: SkillRef = manifest.name.parse()?;
    let version = manifest.version.as_deref();
    let (_, published) = services.skills.version_of(actor, &name, version).await?;
    let install_skill = InstallSkill {
        skill: name,
        trust_level: TrustLevel::Community.to_string(),
        version: manifest.version,
        // All that the published version asks for, also where it replaces one that asked for less: it is the operator's own.
        permissions: Some(serde_json::to_value(&published.permissions)?),
        settings: AssignmentSettings::default(),
        other_version: OtherVersion::Replace,
    };
    services
        .assignments
        .install(actor, agent, install_skill)
        .await?;
    Ok(())
}
