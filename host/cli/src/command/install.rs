//! `install`.

use std::io::{IsTerminal, Write};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_skill::Permissions;

use crate::args::Install;
use crate::client::{Agent, Client};
use crate::exit::{Exit, Failure, Outcome};
use crate::grant;
use crate::output::{Output, indent, plain};

/// A skill as the server describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Skill {
    name: String,
    latest_version: Option<String>,
    /// What it asks for.
    #[serde(default)]
    permissions: Permissions,
}

/// Installs a skill on an agent, with the permissions that were shown.
pub(crate) async fn run(arguments: Install, output: &Output) -> Outcome {
    let client = Client::new(&arguments.remote)?;
    let agent = client.agent(&arguments.agent).await?;
    let skill: Skill = client.get(&["v1", "skills", &arguments.skill]).await?;
    let granted = match &arguments.permissions {
        Some(file) => grant::read(file)?,
        None => skill.permissions.clone(),
    };
    show(&skill, &agent, &granted, output);
    if !arguments.yes && std::io::stdin().is_terminal() && !confirmed()? {
        return Err(Failure::new(
            Exit::Refused,
            "not installed: it was not confirmed",
        ));
    }
    let body =
        json!({ "skillId": arguments.skill, "trustLevel": "clawhub", "permissions": granted });
    let installed: Value = client
        .post(&["v1", "agents", &agent.id, "skills"], &body)
        .await?;
    output.result(&installed, |installed| {
        let version = installed["installedVersion"].as_str().unwrap_or_default();
        format!(
            "installed {} {} on {}",
            plain(&skill.name),
            plain(version),
            plain(&agent.name)
        )
    })?;
    Ok(())
}

fn show(skill: &Skill, agent: &Agent, granted: &Permissions, output: &Output) {
    let version = skill.latest_version.as_deref().unwrap_or_default();
    let what = format!(
        "{} {} on {}",
        plain(&skill.name),
        plain(version),
        plain(&agent.name)
    );
    match granted.is_empty() {
        true => output.note(format_args!("{what}: granted nothing but to compute")),
        false => output.note(format_args!(
            "{what}: granted\n{}",
            indent(&plain(&granted.to_grant_yaml()), 2).trim_end()
        )),
    }
}

fn confirmed() -> anyhow::Result<bool> {
    let mut stderr = std::io::stderr();
    write!(stderr, "Grant this and install? [y/N] ")
        .and_then(|()| stderr.flush())
        .context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
