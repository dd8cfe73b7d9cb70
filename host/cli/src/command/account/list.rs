//! `account list`.

use skillgate_service::Plan;
use skillgate_store::Account;

use crate::args::AccountList;
use crate::command::serve::open;
use crate::exit::Outcome;
use crate::output::{Output, plain};

/// Prints all accounts of the database.
pub(crate) async fn run(arguments: AccountList, output: &Output) -> Outcome {
    let store = open::existing_store(&arguments.database).await?;
    let accounts = store.list_accounts().await?;
    output.result(&accounts, |accounts| {
        let lines: Vec<String> = accounts.iter().map(line).collect();
        lines.join("\n")
    })?;
    store.close().await;
    Ok(())
}

/// An account on one line.
pub(super) fn line(account: &Account) -> String {
    let plan = Plan::of(account);
    let swarms = if plan.allows_swarms {
        "with swarms"
    } else {
        "without swarms"
    };
    format!(
        "{}  {}  (plan {}: {} agents, {} skills an agent, {swarms})",
        account.id,
        plain(&account.name),
        plain(&plan.name),
        plan.max_agents,
        plan.max_skills_per_agent,
    )
}
