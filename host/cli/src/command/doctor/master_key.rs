//! The master key, without which nothing sealed in the database can be read.

use skillgate_store::MasterKey;

use super::Finding;
use crate::args::Database;
use crate::environment;

/// Why there is no master key to look at.
pub(super) enum NoMasterKey {
    /// There is none yet; the first start makes one.
    NotMade,
    /// There is one that cannot be used.
    Unusable(String),
}

/// Reads the master key as the server does, but makes none.
pub(super) fn read(database: &Database) -> Result<MasterKey, NoMasterKey> {
    let unusable = |error: skillgate_store::StoreError| NoMasterKey::Unusable(error.to_string());
    if let Some(hex) = environment::value(environment::MASTER_KEY) {
        return MasterKey::from_hex(&hex).map_err(unusable);
    }
    let file = database.data.join("master.key");
    if !file.exists() {
        return Err(NoMasterKey::NotMade);
    }
    MasterKey::load_or_create(&file).map_err(unusable)
}

/// Says whether the master key can be used.
pub(super) fn check(database: &Database, key: &Result<MasterKey, NoMasterKey>) -> Finding {
    const CHECK: &str = "master key";
    let file = database.data.join("master.key");
    let file = file.display();
    match key {
        Ok(_) if environment::value(environment::MASTER_KEY).is_some() => {
            Finding::ok(CHECK, format!("given by {}", environment::MASTER_KEY))
        }
        Ok(_) => Finding::ok(CHECK, format!("{file}: keep a copy in another place")),
        Err(NoMasterKey::NotMade) => Finding::ok(
            CHECK,
            format!("{file} does not exist: the first start of the server makes it"),
        ),
        Err(NoMasterKey::Unusable(why)) => Finding::failed(
            CHECK,
            why.clone(),
            "start with the key that the database was made with, from a backup if need be",
        ),
    }
}
