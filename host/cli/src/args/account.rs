//! `api-key` and `account`: they work on a server's data folder, while it runs or not.

use clap::{Args, Subcommand};

use super::serve::Database;

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeyCommand {
    Create(ApiKeyCreate),
}

/// Make an API key and print it, alone, on stdout. It is shown this once.
#[derive(Args, Debug)]
pub(crate) struct ApiKeyCreate {
    /// The account's id; the first account when not given.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// What the key may do, comma-separated: agents:read, agents:write, chat, logs, skills, …, admin.
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPES")]
    pub(crate) scopes: Vec<String>,
    /// What the key is for, for people.
    #[arg(long)]
    pub(crate) label: String,
    /// Requests a minute; 0 is no limit. The server's own limit when not given.
    #[arg(long, value_name = "N")]
    pub(crate) rate_limit: Option<u32>,
    /// When the key stops working: `2027-01-31T00:00:00Z`, a date, or a time from now such as `30d`.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    Create(AccountCreate),
}

/// Make an account and print its id.
#[derive(Args, Debug)]
pub(crate) struct AccountCreate {
    /// The account's name, for people.
    #[arg(long)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) database: Database,
}
