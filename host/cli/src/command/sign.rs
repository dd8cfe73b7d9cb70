//! `sign`.

use serde::Serialize;
use skillgate_skill::KeyId;

use crate::args::Sign;
use crate::exit::Outcome;
use crate::output::Output;
use crate::{local, package};

/// What was signed, by which key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    package: String,
    name: String,
    version: String,
    publisher: String,
    digest: String,
    key_id: KeyId,
    tools: usize,
}

/// Adds a signature to a package in place.
pub(crate) async fn run(arguments: Sign, output: &Output) -> Outcome {
    let mut package = package::read(&arguments.package)?;
    let key = arguments.key.open()?;
    let tools = local::digests(&local::tools(&package).await?);
    let key_id = skillgate_skill::key_id(&key.verifying_key());
    let publisher = arguments
        .publisher
        .or_else(|| package.manifest.author.clone())
        .unwrap_or_else(|| key_id.to_string());
    let statement = package.statement(&publisher, &tools);
    package.sign(&key, &statement)?;
    package::write(&arguments.package, &package.write()?)?;
    let signed = Signed {
        package: arguments.package.display().to_string(),
        name: statement.name,
        version: statement.version,
        publisher,
        digest: package.digest().to_string(),
        key_id,
        tools: tools.len(),
    };
    output.result(&signed, |signed| {
        format!(
            "signed {} {} with key {}",
            signed.name, signed.version, signed.key_id
        )
    })?;
    Ok(())
}
