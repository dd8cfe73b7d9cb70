//! `account create`.

use crate::args::AccountCreate;
use crate::command::serve::open;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;

/// The longest name.
const MAX_NAME: usize = 100;

/// Makes an account in the database and prints its id.
pub(crate) async fn run(arguments: AccountCreate, output: &Output) -> Outcome {
    let name = arguments.name.trim();
    if !(1..=MAX_NAME).contains(&name.chars().count()) {
        return Err(Failure::new(
            Exit::Usage,
            format_args!("--name must have 1 to {MAX_NAME} characters"),
        ));
    }
    let store = open::store(&arguments.database).await?;
    let account = store.create_account(name).await?;
    output.result(&account, |account| account.id.clone())?;
    store.close().await;
    Ok(())
}
