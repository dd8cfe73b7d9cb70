//! `serve`: the server.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use skillgate_agent::provider::PROVIDERS;
use skillgate_store::GrantMode;
use zeroize::Zeroizing;

use crate::environment;

/// Where a server's data is.
#[derive(Args, Debug)]
pub(crate) struct Database {
    /// The folder of the server's data.
    #[arg(long, env = environment::DATA, default_value = "data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The database, `sqlite://path` or `postgres://…`; skillgate.db in the data folder when not given.
    #[arg(long, env = environment::DATABASE_URL, hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<Hidden>,
}

/// Run the server: agents, chat, skills, over HTTP.
///
/// The first start on an empty database makes an account and prints its admin key, once. Stop it with SIGTERM
/// or ctrl-c: answers under way are finished first.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen, `address:port`. Port 0 takes a free one; the address is printed.
    #[arg(long, env = environment::LISTEN, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: std::net::SocketAddr,
    /// A TOML file of these options, by their names without the dashes: `max-runs = 100`. Flags and environment variables come before it.
    #[arg(long, env = environment::CONFIG, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: Database,
    /// Where others reach this server, `https://skills.example.com`: what a publisher's key is registered for. The address that it listens on when not given.
    #[arg(long, env = environment::PUBLIC_URL, value_name = "URL")]
    pub(crate) public_url: Option<skillgate_service::PublicUrl>,
    /// Requests a minute for a key that has no limit of its own; 0 is none.
    #[arg(long, env = environment::RATE_LIMIT, default_value_t = 120, value_name = "N")]
    pub(crate) rate_limit: u32,
    /// Whether calls of tools that are not read-only, of skills that only their publisher vouches for, run (`allow`) or each wait for a person (`ask`), where a grant does not say.
    #[arg(long, env = environment::COMMUNITY_MODE, default_value_t = GrantMode::Allow, value_parser = str::parse::<GrantMode>, value_name = "MODE")]
    pub(crate) community_mode: GrantMode,
    #[command(flatten)]
    pub(crate) identity: IdentityProvider,
    /// Networks that skills may reach although they are private, CIDR. May be repeated.
    #[arg(long = "allow-egress", env = environment::ALLOW_EGRESS, value_delimiter = ',', value_name = "CIDR")]
    pub(crate) allow_egress: Vec<ipnet::IpNet>,
    /// The provider of agents that name none and have no key: anthropic, scripted or demo. When not given, anthropic if there is a key for it
    #[arg(long, env = environment::LLM_PROVIDER, value_parser = PossibleValuesParser::new(PROVIDERS.map(|kind| kind.name)), value_name = "NAME")]
    pub(crate) llm_provider: Option<String>,
    /// The file that the provider `scripted` plays.
    #[arg(long, env = environment::SCRIPT, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// What to log, on stderr: a level, or directives such as `info,skillgate_runtime=debug`.
    #[arg(long, env = environment::LOG, default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
    /// How log lines are written.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Publish every package of this folder, install it on an agent named Demo, and print a request to try.
    #[arg(long, value_name = "DIR")]
    pub(crate) quickstart: Option<PathBuf>,
    /// The key that signed those packages; the key file in `dev-keys` beside the folder when not given.
    #[arg(long, value_name = "FILE", requires = "quickstart")]
    pub(crate) quickstart_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) embedding: super::Embedding,
    #[command(flatten)]
    pub(crate) limits: super::Limits,
}

/// The operator's own identity provider (OpenID Connect), whose tokens are accepted beside API keys.
#[derive(Args, Debug, Clone)]
pub(crate) struct IdentityProvider {
    /// The issuer of tokens that are accepted beside our own, exactly as its discovery document names it.
    #[arg(long, env = environment::OIDC_ISSUER, requires = "oidc_audience", value_name = "URL")]
    pub(crate) oidc_issuer: Option<skillgate_service::IssuerUrl>,
    /// Whom its tokens have to be issued for.
    #[arg(long, env = environment::OIDC_AUDIENCE, requires = "oidc_issuer", value_name = "AUDIENCE")]
    pub(crate) oidc_audience: Option<String>,
    /// The claim of its tokens that names the account.
    #[arg(long, env = environment::OIDC_ACCOUNT_CLAIM, default_value = "skillgate_account", value_name = "NAME")]
    pub(crate) oidc_account_claim: String,
    /// The claim of its tokens that names the scopes, space separated or as a list.
    #[arg(long, env = environment::OIDC_SCOPE_CLAIM, default_value = "scope", value_name = "NAME")]
    pub(crate) oidc_scope_claim: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A value that holds a credential: `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Hidden(pub(crate) Zeroizing<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("…")
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}
