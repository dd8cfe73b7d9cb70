//! The database: whether it answers, which schema it has, and whether the master key is its own.

use skillgate_store::{MasterKey, StoreInspection, Timestamp};

use super::Finding;
use crate::args::Database;
use crate::command::serve::open;

const CHECK: &str = "database";

/// Looks at the database without changing it; also tells the time that its server has, for [`super::clock`].
pub(super) async fn check(
    database: &Database,
    master_key: Option<MasterKey>,
) -> (Finding, Option<Timestamp>) {
    if !open::database_exists(database) {
        let found = format!(
            "{} does not exist: the first start of the server makes it",
            open::sqlite_file(database).display()
        );
        return (Finding::ok(CHECK, found), None);
    }
    match StoreInspection::of(&open::database_url(database), master_key.as_ref()).await {
        Ok(inspection) => (judge(&inspection), Some(inspection.server_time)),
        Err(error) => {
            let source = std::error::Error::source(&error);
            let why = source.map_or_else(|| error.to_string(), |why| format!("{error}: {why}"));
            let remedy = "start it, or correct --database-url";
            (Finding::failed(CHECK, why, remedy), None)
        }
    }
}

fn judge(inspection: &StoreInspection) -> Finding {
    let StoreInspection {
        product,
        schema,
        known_schema,
        key_matches,
        ..
    } = inspection;
    if schema > known_schema {
        return Finding::failed(
            CHECK,
            format!("{product} at schema version {schema}; this program knows {known_schema}"),
            "start a newer program",
        );
    }
    if *key_matches == Some(false) {
        return Finding::failed(
            CHECK,
            format!("{product} was made with another master key"),
            "start with the key that it was made with, from a backup if need be",
        );
    }
    if schema < known_schema {
        return Finding::ok(
            CHECK,
            format!(
                "{product} at schema version {schema}: the next start brings it to {known_schema}"
            ),
        );
    }
    Finding::ok(CHECK, format!("{product} at schema version {schema}"))
}
