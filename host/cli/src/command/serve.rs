//! `serve`.

mod descriptors;
mod limits;
mod log;
pub(in crate::command) mod open;
mod quickstart;
mod stop;

use anyhow::Context;
use serde_json::json;
use skillgate_server::App;
use skillgate_store::{IssuedKey, NewApiKey, Store};
use tokio::net::TcpListener;

use self::quickstart::Packages;
use crate::args::Serve;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::output::{Format, Output};

/// Starts the server and returns when it was told to stop and has drained.
pub(crate) async fn run(arguments: Serve, output: &Output) -> Outcome {
    forbid_core_dumps()?;
    log::start(&arguments).or_exit(Exit::Usage)?;
    let descriptors = descriptors::budget()?;
    let stopped = stop::on_signal()?;
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: is another server there?",
            arguments.listen
        )
    })?;
    let listening = listener.local_addr()?;
    let url = format!("http://{listening}");
    let public_url = match &arguments.public_url {
        Some(given) => given.clone(),
        None => open::public_url(listening)?,
    };
    let packages = arguments.quickstart.as_deref();
    let packages = packages.map(Packages::begin).transpose()?;
    let runtime = open::runtime(&arguments, descriptors)?;
    let store = open::store(&arguments.database).await?;
    let admin = admin_key(&store, output).await?;
    let app = App::new(open::app_config(
        &arguments,
        descriptors,
        store.clone(),
        runtime.await??,
        public_url,
    )?);
    if let Some(packages) = packages {
        let account = store.first_account().await?;
        let account =
            account.ok_or_else(|| Failure::new(Exit::Failure, "the database has no account"))?;
        let key = arguments.quickstart_key.as_deref();
        let demo = quickstart::prepare(&app, &account.id, packages, key, output).await?;
        announce(
            output,
            &json!({ "agent": demo, "url": url }),
            &demo.text(&url, admin.as_ref()),
        )?;
    }
    announce(
        output,
        &json!({ "url": url }),
        &format!("listening on {url}"),
    )?;
    skillgate_server::serve(app, listener, stopped).await?;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Secrets are in this process: a crash must not write them to a disk.
fn forbid_core_dumps() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}

/// On an empty database, makes an account and prints its admin key: the only time that it can be seen.
async fn admin_key(store: &Store, output: &Output) -> Outcome<Option<IssuedKey>> {
    let key = NewApiKey {
        label: "admin".to_owned(),
        scopes: vec!["admin".to_owned()],
        ..NewApiKey::default()
    };
    let Some((account, issued)) = store.bootstrap("Default", key).await? else {
        return Ok(None);
    };
    let plaintext = issued.plaintext.expose();
    announce(
        output,
        &json!({ "account": account.id, "adminKey": plaintext }),
        &format!(
            "made account {}\nadmin key, shown this once: {plaintext}",
            account.id
        ),
    )?;
    Ok(Some(issued))
}

/// One line of JSON, or text for people, on stdout.
fn announce(output: &Output, value: &serde_json::Value, text: &str) -> anyhow::Result<()> {
    match output.format {
        Format::Json => output.line(&value.to_string()),
        Format::Text => output.line(text),
    }
}
