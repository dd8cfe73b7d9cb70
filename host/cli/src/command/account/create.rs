//! `account create`.

use super::plan;
use crate::args::AccountCreate;
use crate::command::serve::open;
use crate::exit::Outcome;
use crate::output::Output;

/// Makes an account in the database and prints its id.
pub(crate) async fn run(arguments: AccountCreate, output: &Output) -> Outcome {
    let name = plan::name("--name", &arguments.name)?;
    let changes = plan::changes(&arguments.plan)?;
    let store = open::store(&arguments.database).await?;
    let account = store.create_account_with(&name, changes).await?;
    output.result(&account, |account| account.id.clone())?;
    store.close().await;
    Ok(())
}
