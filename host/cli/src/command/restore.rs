//! `restore`.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Serialize;
use skillgate_store::{Import, MasterKey, Store};
use tokio::runtime::Handle;

use crate::args::{Database, Restore};
use crate::backup::{
    ArchiveReader, SEAL_CONTEXT, STATE, TABLES, extract, is_empty_or_missing, passphrase,
};
use crate::command::serve::open;
use crate::environment;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::key_file::write_private;
use crate::output::Output;

/// What was restored.
#[derive(Default, Serialize)]
struct Restored {
    /// Rows of the database.
    rows: u64,
    /// Files that skills keep.
    files: u64,
}

/// Restores a backup into an empty database and data folder.
pub(crate) async fn run(arguments: Restore, output: &Output) -> Outcome {
    let database = &arguments.database;
    let archive = ArchiveReader::open(&arguments.file).or_exit(Exit::Refused)?;
    check_schema(&archive).or_exit(Exit::Refused)?;
    let state = open::state_folder(database);
    if !is_empty_or_missing(&state)? {
        return Err(Failure::new(
            Exit::Refused,
            format_args!(
                "{} is not empty: name another folder in --data, or remove it",
                state.display()
            ),
        ));
    }
    let key = master_key(&archive, database).or_exit(Exit::Refused)?;
    let store = open::store(database).await?;
    let mut import = store.begin_import().await.or_exit(Exit::Refused)?;
    let draft = state.with_extension("restoring");
    let restored = tokio::task::block_in_place(|| fill(&archive, &mut import, &draft));
    let restored = restored.inspect_err(|_| {
        // What was begun is in nobody's way; the database forgets it by itself.
        let _ = fs::remove_dir_all(&draft);
    })?;
    // The files first: rows that refer to missing files would be a loss, files without rows are none.
    if restored.files > 0 {
        fs::rename(&draft, &state).with_context(|| format!("cannot make {}", state.display()))?;
    }
    import.commit().await?;
    store.close().await;
    drop(key);
    output.note("Start the server with the same --data and database to go on.");
    output.result(&restored, |restored| {
        format!(
            "{} rows and {} files restored",
            restored.rows, restored.files
        )
    })?;
    Ok(())
}

fn check_schema(archive: &ArchiveReader) -> anyhow::Result<()> {
    let (theirs, ours) = (archive.header.schema_version, Store::schema_version());
    ensure!(
        theirs == ours,
        "the backup has schema version {theirs}, this program {ours}: restore it with skillgate {}, and then start this one",
        archive.header.version
    );
    Ok(())
}

/// The master key of the backup, put into the data folder when it comes from the archive.
fn master_key(archive: &ArchiveReader, database: &Database) -> anyhow::Result<MasterKey> {
    let file = database.data.join("master.key");
    let is_given = environment::value(environment::MASTER_KEY).is_some() || file.exists();
    if let (false, Some(sealed)) = (is_given, &archive.master_key) {
        let hex = sealed.open(&passphrase()?, SEAL_CONTEXT)?;
        open::make_private_folder(&database.data)?;
        write_private(&file, &hex)?;
    }
    ensure!(
        is_given || archive.master_key.is_some(),
        "the master key is not in the backup: put it into {} or {}",
        file.display(),
        environment::MASTER_KEY
    );
    let key = open::master_key(database).map_err(|failure| failure.error)?;
    ensure!(
        key.fingerprint() == archive.header.master_key_fingerprint,
        "the backup was made with another master key than the one that is given here"
    );
    Ok(key)
}

/// Puts rows into the database and files into `state`.
fn fill(archive: &ArchiveReader, import: &mut Import, state: &Path) -> anyhow::Result<Restored> {
    let mut restored = Restored::default();
    archive.each(|mut entry| {
        let name = entry.name.clone();
        if let Some(table) = name.strip_prefix(TABLES) {
            let (_, table) = table.split_once('-').unwrap_or_default();
            let chunk = entry.whole()?;
            let rows = import.rows(table, &chunk);
            restored.rows += Handle::current().block_on(rows)?;
        } else if let Some(path) = name.strip_prefix(STATE) {
            extract(entry, path, state)?;
            restored.files += 1;
        }
        Ok(())
    })?;
    Ok(restored)
}
