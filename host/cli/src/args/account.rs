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
    /// Make an operator's key: it also sees what belongs to the server and to every account.
    #[arg(long)]
    pub(crate) operator: bool,
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
    List(AccountList),
    Set(AccountSet),
}

/// Make an account and print its id.
#[derive(Args, Debug)]
pub(crate) struct AccountCreate {
    /// The account's name, for people.
    #[arg(long)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) plan: PlanChanges,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// List all accounts, oldest first, with their plans and limits.
#[derive(Args, Debug)]
pub(crate) struct AccountList {
    #[command(flatten)]
    pub(crate) database: Database,
}

/// Change the name, plan or limits of an account. A running server follows at once.
#[derive(Args, Debug)]
pub(crate) struct AccountSet {
    /// The account's id.
    pub(crate) id: String,
    /// A new name, for people.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) plan: PlanChanges,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// The plan of an account. What is not given stays as it is.
#[derive(Args, Debug)]
pub(crate) struct PlanChanges {
    /// The plan's name, such as `Pro`. `GET /v1/account` shows it.
    #[arg(long, value_name = "NAME")]
    pub(crate) plan: Option<String>,
    /// The most agents of the account; `default` is the server's own limit.
    #[arg(long, value_parser = parse_limit, value_name = "N")]
    pub(crate) max_agents: Option<Limit>,
    /// The most skills of one agent; `default` is the server's own limit.
    #[arg(long, value_parser = parse_limit, value_name = "N")]
    pub(crate) max_skills_per_agent: Option<Limit>,
    /// Whether the account may make swarms.
    #[arg(long, value_name = "TRUE|FALSE")]
    pub(crate) swarms: Option<bool>,
}

/// A limit of an account: a number, or the server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<u32>);

fn parse_limit(text: &str) -> Result<Limit, String> {
    match text {
        "default" => Ok(Limit(None)),
        number => number
            .parse()
            .map(|number| Limit(Some(number)))
            .map_err(|_| "write a whole number, or `default`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_or_the_default() {
        assert_eq!(parse_limit("0"), Ok(Limit(Some(0))));
        assert_eq!(parse_limit("default"), Ok(Limit(None)));
        for wrong in ["-1", "many", ""] {
            assert!(parse_limit(wrong).unwrap_err().contains("default"));
        }
    }
}
