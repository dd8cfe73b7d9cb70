//! `verify`.

use std::collections::HashMap;

use serde::Serialize;
use skillgate_skill::{KeyId, VerifyingKey, decode_public_key, key_id};

use crate::args::Verify;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::output::Output;
use crate::{key_file, package};

/// What a signature that holds says.
#[derive(Serialize)]
struct Holds {
    name: String,
    version: String,
    publisher: String,
    digest: String,
    /// Ids of the trusted keys that signed.
    signers: Vec<KeyId>,
}

/// Checks a package against its signature.
pub(crate) fn run(arguments: &Verify, output: &Output) -> Outcome {
    let package = package::read(&arguments.package).or_else(refuse)?;
    let trusted = trusted(arguments)?;
    let verified = package
        .verify(&|id| trusted.get(id).copied())
        .or_exit(Exit::Refused)?;
    let holds = Holds {
        name: verified.statement.name,
        version: verified.statement.version,
        publisher: verified.statement.publisher,
        digest: package.digest().to_string(),
        signers: verified.signers,
    };
    output.result(&holds, |holds| {
        let signers: Vec<_> = holds.signers.iter().map(KeyId::to_string).collect();
        format!(
            "{} {} by {}: the signature holds\nsigned by: {}\ndigest:    {}",
            holds.name,
            holds.version,
            crate::output::plain(&holds.publisher),
            signers.join(", "),
            holds.digest
        )
    })?;
    Ok(())
}

/// A file that is there and is no valid package was tampered with, for all that can be known: it is refused.
fn refuse<T>(failure: Failure) -> Outcome<T> {
    match failure.exit {
        Exit::Failure => Err(Failure {
            exit: Exit::Refused,
            ..failure
        }),
        _ => Err(failure),
    }
}

/// The keys that are given, else those in the key folder; of these the one that must have signed.
fn trusted(arguments: &Verify) -> Outcome<HashMap<KeyId, VerifyingKey>> {
    let mut trusted = HashMap::new();
    for text in &arguments.public_keys {
        let key = decode_public_key(text).or_exit(Exit::Usage)?;
        trusted.insert(key_id(&key), key);
    }
    if arguments.public_keys.is_empty() {
        trusted.extend(key_file::public_keys(&key_file::folder()?)?);
    }
    if let Some(wanted) = &arguments.key_id {
        trusted.retain(|id, _| id.to_string() == *wanted);
    }
    Ok(trusted)
}
