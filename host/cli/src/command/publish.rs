//! `publish`.

use anyhow::Context;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_skill::{Package, SignatureError, prove_possession};

use crate::args::{KeyChoice, Publish};
use crate::client::Client;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::output::Output;
use crate::package;

/// A publisher's key as the server lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublisherKey {
    key_id: String,
}

#[derive(Deserialize)]
struct Account {
    id: String,
}

/// Uploads a signed package; registers the key first when the account does not know it.
pub(crate) async fn run(arguments: Publish, output: &Output) -> Outcome {
    let bytes = package::bytes(&arguments.package)?;
    let package = Package::read(&bytes).with_context(|| arguments.package.display().to_string())?;
    let signers = signers(&package).or_exit(Exit::Refused)?;
    let client = Client::new(&arguments.remote)?;
    let known: Vec<PublisherKey> = client.get(&["v1", "publisher-keys"]).await?;
    if !known.iter().any(|key| signers.contains(&key.key_id)) {
        register(&client, &arguments.key, &signers, output).await?;
    }
    let part = Part::bytes(bytes).file_name(format!("{}.skill", package.manifest.name));
    let form = Form::new().part("package", part.mime_str("application/zip")?);
    let published: Value = client
        .data(
            client
                .request(Method::POST, &["v1", "skills"])?
                .multipart(form),
        )
        .await?;
    output.result(&published, |_| {
        let manifest = &package.manifest;
        let version = manifest.version.as_deref().unwrap_or_default();
        format!("published {} {version} to {}", manifest.name, client.url())
    })?;
    Ok(())
}

/// Ids of the keys that signed; the server checks the signatures.
fn signers(package: &Package) -> Result<Vec<String>, SignatureError> {
    let envelope = package.envelope.as_ref().ok_or(SignatureError::Unsigned)?;
    Ok(envelope
        .signatures
        .iter()
        .map(|signature| signature.keyid.to_string())
        .collect())
}

/// Registers the public key with the account, by a proof that only the private key can make.
async fn register(
    client: &Client,
    choice: &KeyChoice,
    signers: &[String],
    output: &Output,
) -> Outcome {
    let key = choice.open()?;
    let id = skillgate_skill::key_id(&key.verifying_key()).to_string();
    if !signers.contains(&id) {
        return Err(Failure::new(
            Exit::Refused,
            format_args!(
                "the package is signed by {}, and the account knows no such key; yours is {id}: sign the package with it",
                signers.join(", ")
            ),
        ));
    }
    let account: Account = client.get(&["v1", "account"]).await?;
    let proof = prove_possession(&key, &account.id);
    let body = json!({ "publicKey": proof.public_key, "signature": proof.signature });
    let _registered: Value = client.post(&["v1", "publisher-keys"], &body).await?;
    output.note(format_args!(
        "first publish with this key: registered {id} with account {}",
        account.id
    ));
    Ok(())
}
