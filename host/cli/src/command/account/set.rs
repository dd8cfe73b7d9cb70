//! `account set`.

use skillgate_store::AccountChanges;

use super::{list, plan};
use crate::args::AccountSet;
use crate::command::serve::open;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;

/// Changes an account in the database and prints it.
pub(crate) async fn run(arguments: AccountSet, output: &Output) -> Outcome {
    let named = arguments.name.as_deref();
    let changes = AccountChanges {
        name: named.map(|text| plan::name("--name", text)).transpose()?,
        ..plan::changes(&arguments.plan)?
    };
    let store = open::existing_store(&arguments.database).await?;
    let changed = store.set_account(&arguments.id, changes).await?;
    let account = changed.ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            format_args!(
                "there is no account {}: see `skillgate account list`",
                arguments.id
            ),
        )
    })?;
    output.result(&account, list::line)?;
    store.close().await;
    Ok(())
}
