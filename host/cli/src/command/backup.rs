//! `backup`.

use serde::Serialize;
use skillgate_store::{MasterKey, Store};

use crate::args::Backup;
use crate::backup::{
    ArchiveWriter, HEADER, Header, MASTER_KEY, SEAL_CONTEXT, TABLES, add_state, new_passphrase,
};
use crate::command::serve::open;
use crate::exit::{Exit, OrExit, Outcome};
use crate::output::{Output, size};
use crate::seal::Sealed;

/// What was written.
#[derive(Serialize)]
struct Written {
    file: String,
    /// Bytes of the file.
    bytes: u64,
    /// Rows of the database.
    rows: u64,
    /// Files that skills keep.
    files: u64,
    /// Whether the master key is in it.
    master_key: bool,
}

/// Writes the database and the files of skills into one archive.
pub(crate) async fn run(arguments: Backup, output: &Output) -> Outcome {
    let store = open::existing_store(&arguments.database).await?;
    let key = open::master_key(&arguments.database)?;
    let sealed = match arguments.with_master_key {
        true => Some(seal(&key).or_exit(Exit::Usage)?),
        false => None,
    };
    let mut archive = ArchiveWriter::create(&arguments.file).or_exit(Exit::Usage)?;
    archive.add_json(
        HEADER,
        &Header::new(Store::schema_version(), key.fingerprint()),
    )?;
    let rows = add_tables(&mut archive, &store, output).await?;
    let files = add_state(&mut archive, &open::state_folder(&arguments.database))?;
    output.dim(format_args!("{files} files of skills"));
    if let Some(sealed) = &sealed {
        archive.add_json(MASTER_KEY, sealed)?;
    }
    let written = Written {
        bytes: archive.finish()?,
        file: arguments.file.display().to_string(),
        rows,
        files,
        master_key: sealed.is_some(),
    };
    store.close().await;
    if !written.master_key {
        output.note("The master key is not in it: without that key no secret of it can be read. Keep the key in another place.");
    }
    output.result(&written, |written| {
        format!("{}: {}", written.file, size(written.bytes))
    })?;
    Ok(())
}

fn seal(key: &MasterKey) -> anyhow::Result<Sealed> {
    Sealed::seal(key.to_hex().as_bytes(), &new_passphrase()?, SEAL_CONTEXT)
}

/// Adds all rows, and says of each table how many it has.
async fn add_tables(
    archive: &mut ArchiveWriter,
    store: &Store,
    output: &Output,
) -> anyhow::Result<u64> {
    let (mut all, mut chunks) = (0, 0);
    let mut of_table = ("", 0);
    let mut tell = |next: (&'static str, u64)| {
        if of_table.0 == next.0 {
            of_table.1 += next.1;
            return;
        }
        if !of_table.0.is_empty() {
            output.dim(format_args!("{}: {} rows", of_table.0, of_table.1));
        }
        of_table = next;
    };
    store
        .export(|chunk| {
            all += chunk.rows;
            chunks += 1;
            tell((chunk.table, chunk.rows));
            archive.add(
                &format!("{TABLES}{chunks:06}-{}", chunk.table),
                &chunk.bytes,
            )
        })
        .await?;
    tell(("", 0));
    Ok(all)
}
