//! `publish`, `install`, `chat`: a server, over HTTP.

use std::path::PathBuf;

use clap::Args;

use super::package::KeyChoice;
use crate::environment;

/// Which server, and who asks.
#[derive(Args, Debug)]
pub(crate) struct Remote {
    /// The server's address. The API key is read from SKILLGATE_API_KEY.
    #[arg(long, env = environment::URL, default_value = "http://127.0.0.1:8080")]
    pub(crate) url: url::Url,
}

/// Upload a signed package.
///
/// The first time, your public key is registered with the account, by a proof signed with the private one. Nothing is
/// signed when the server names itself by another address than --url.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// The signed package.
    pub(crate) package: PathBuf,
    #[command(flatten)]
    pub(crate) remote: Remote,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
}

/// Install a published skill on an agent, and grant it what it asks for or less.
///
/// At a terminal the permissions are shown and confirmed first.
#[derive(Args, Debug)]
pub(crate) struct Install {
    /// The agent's id or name.
    pub(crate) agent: String,
    /// The skill's name or id.
    pub(crate) skill: String,
    /// Grant what this YAML file says: `permissions:` and under it what SKILL.md could ask for.
    #[arg(long, value_name = "FILE")]
    pub(crate) permissions: Option<PathBuf>,
    /// Grant without asking.
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// Say something to an agent and stream its answer. Tool calls are shown on stderr.
///
/// With --json, each event is a line on stdout.
#[derive(Args, Debug)]
pub(crate) struct Chat {
    /// The agent's id or name.
    pub(crate) agent: String,
    /// What to say; `-` is stdin.
    pub(crate) message: String,
    /// The session to go on with; this key's or peer's own one when not given.
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// For whom: sessions and the skills' state are kept apart for each peer.
    #[arg(long, value_name = "ID")]
    pub(crate) peer: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
