//! `publish`.

mod register;

use anyhow::Context;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::Value;
use skillgate_skill::{Package, SignatureError};

use crate::args::Publish;
use crate::client::Client;
use crate::exit::{Exit, OrExit, Outcome};
use crate::output::Output;
use crate::package;

use register::register;

/// A publisher's key as the server lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublisherKey {
    key_id: String,
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
