//! `serve --quickstart`: an agent with skills, and a request to try. What is there already stays as it is.

mod packages;

use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use skillgate_server::service::publish::publish_package;
use skillgate_server::service::{agents, assignments, publisher_keys, skills};
use skillgate_server::{ApiError, App};
use skillgate_skill::{Manifest, ProofContext, prove_possession};
use skillgate_store::{Assignment, IssuedKey, TrustLevel};

use crate::environment;
use crate::exit::{Exit, Failure, Outcome};
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
    app: &App,
    packages: Packages,
    key: Option<&Path>,
    output: &Output,
) -> Outcome<Demo> {
    let account = app.store().first_account().await?;
    let account = account
        .ok_or_else(|| Failure::new(Exit::Failure, "the database has no account"))?
        .id;
    let agent = agent(app, &account).await?;
    if !packages.files.is_empty() {
        register(app, &account, &packages.key_file(key)?).await?;
    }
    let installed = assignments::list(app, &account, &agent).await?;
    for (path, opened) in packages.files {
        let opened = opened.await.map_err(anyhow::Error::from)??;
        let manifest = publish(app, &account, &path, opened, output).await?;
        if !installed.iter().any(|one| is_of(one, &manifest)) {
            install(app, &account, &agent, manifest).await?;
        }
    }
    Ok(Demo { id: agent })
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

/// The agent's id.
async fn agent(app: &App, account: &str) -> Outcome<String> {
    let agents = agents::list(app, account, agents::MAX_AGENTS_PER_ACCOUNT, 0).await?;
    if let Some(agent) = agents.items.into_iter().find(|agent| agent.name == NAME) {
        return Ok(agent.id);
    }
    let create = agents::CreateAgent {
        name: NAME.to_owned(),
        soul_md: Some(SOUL.to_owned()),
        ..Default::default()
    };
    Ok(agents::create(app, account, create).await?.id)
}

/// Registers the key that signed with the account, by the same proof that `publish` gives.
async fn register(app: &App, account: &str, path: &Path) -> Outcome {
    let file = KeyFile::read(path)?;
    let id = skillgate_skill::key_id(&file.public_key()?).to_string();
    if publisher_keys::list(app, account)
        .await?
        .iter()
        .any(|key| key.key_id == id)
    {
        return Ok(());
    }
    let key = file
        .signing_key(|| anyhow::bail!("{} is sealed: a development key is not", path.display()))?;
    let challenge = publisher_keys::challenge(app, account).await?;
    let context = ProofContext {
        audience: &challenge.audience,
        account,
        nonce: &challenge.nonce,
        issued_at: &app.now().to_string(),
    };
    let proof = prove_possession(&key, &context);
    publisher_keys::add(app, account, &proof, "development").await?;
    Ok(())
}

/// Publishes a package, unless its version is published: then a warning says when the contents differ.
async fn publish(
    app: &App,
    account: &str,
    path: &Path,
    Opened { package, bytes }: Opened,
    output: &Output,
) -> Outcome<Manifest> {
    let digest = package.digest().to_string();
    let manifest = package.manifest;
    match skills::version_of(app, account, &manifest.name, manifest.version.as_deref()).await {
        Ok((_, version)) if version.digest == digest => {}
        Ok((_, version)) => output.warn(format_args!(
            "{} {} is published with other contents: raise its version to publish these",
            manifest.name, version.version
        )),
        Err(error) if is_missing(&error) => {
            publish_package(app, account, BY, bytes)
                .await
                .with_context(|| path.display().to_string())?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(manifest)
}

fn is_missing(error: &ApiError) -> bool {
    matches!(error.code(), "skill_not_found" | "skill_version_not_found")
}

fn is_of(one: &Assignment, manifest: &Manifest) -> bool {
    one.skill_name == manifest.name && Some(&one.version) == manifest.version.as_ref()
}

/// Installs this version, with all that it asks for.
async fn install(app: &App, account: &str, agent: &str, manifest: Manifest) -> Outcome {
    let install_skill = assignments::InstallSkill {
        skill: manifest.name,
        trust_level: TrustLevel::Community.to_string(),
        version: manifest.version,
        permissions: None,
    };
    assignments::install(app, account, BY, agent, install_skill).await?;
    Ok(())
}
