//! Keeps more on the disk than it may, in every way we know, one tool each.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};

use skillgate_sdk::prelude::*;

/// Writes so many bytes, in blocks.
fn fill(file: &mut File, bytes: usize) -> Result<(), ToolError> {
    let block = [b'x'; 4096];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(block.len());
        file.write_all(&block[..count])?;
        left -= count;
    }
    Ok(file.flush()?)
}

/// Takes a file's name away and goes on writing to it.
#[tool]
pub fn hold_unlinked(bytes: usize) -> Result<String, ToolError> {
    let mut file = File::create("/data/held")?;
    fs::remove_file("/data/held")?;
    fill(&mut file, bytes)?;
    Ok(format!("hold {bytes} bytes without a name"))
}

/// Fills files one after another, each without a name as soon as it is full.
#[tool]
pub fn hold_many(files: usize, bytes: usize) -> Result<String, ToolError> {
    let mut held = Vec::new();
    for _ in 0..files {
        let mut file = File::create("/data/held")?;
        fill(&mut file, bytes)?;
        fs::remove_file("/data/held")?;
        held.push(file);
    }
    Ok(format!("hold {files} files without a name"))
}

/// Renames new files over one that stays open each time.
#[tool]
pub fn rename_over(files: usize, bytes: usize) -> Result<String, ToolError> {
    let mut held = Vec::new();
    for _ in 0..files {
        let mut file = File::create("/data/new")?;
        fill(&mut file, bytes)?;
        fs::rename("/data/new", "/data/old")?;
        held.push(file);
    }
    Ok(format!("hold {files} replaced files"))
}

/// Opens a file twice, cuts it through one descriptor and fills it through the other, again and again.
#[tool]
pub fn cut_and_fill(times: usize, bytes: usize) -> Result<String, ToolError> {
    let mut file = File::create("/data/file")?;
    for _ in 0..times {
        fill(&mut file, bytes)?;
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open("/data/file")?;
        file.seek(SeekFrom::Start(0))?;
    }
    Ok(format!("filled it {times} times"))
}

/// Makes a file long and short again, then long for good.
#[tool]
pub fn set_length(times: usize, bytes: u64) -> Result<String, ToolError> {
    let file = File::create("/data/file")?;
    for _ in 0..times {
        file.set_len(bytes)?;
        file.set_len(0)?;
    }
    file.set_len(bytes)?;
    Ok(format!("{} bytes long", file.metadata()?.len()))
}

/// Writes a file, removes it, and again: each time there is room for it.
#[tool]
pub fn write_and_remove(times: usize, bytes: usize) -> Result<String, ToolError> {
    for _ in 0..times {
        let mut file = File::create("/data/file")?;
        fill(&mut file, bytes)?;
        drop(file);
        fs::rename("/data/file", "/data/other")?;
        fs::remove_file("/data/other")?;
        fs::create_dir("/data/folder")?;
        fs::remove_dir("/data/folder")?;
    }
    Ok(format!("wrote it {times} times"))
}

/// Makes folders in each other.
#[tool]
pub fn nest(levels: usize) -> Result<String, ToolError> {
    let mut path = "/data".to_owned();
    for _ in 0..levels {
        path.push_str("/d");
        fs::create_dir(&path)?;
    }
    Ok(format!("made {levels} levels"))
}

/// Makes two towers of folders, and puts one on top of the other.
#[tool]
pub fn stack_up(levels: usize) -> Result<String, ToolError> {
    let tower = |first: &str| -> Result<String, ToolError> {
        let mut path = format!("/data/{first}");
        fs::create_dir(&path)?;
        for _ in 1..levels {
            path.push_str("/d");
            fs::create_dir(&path)?;
        }
        Ok(path)
    };
    let top = tower("one")?;
    tower("two")?;
    fs::rename("/data/two", format!("{top}/two"))?;
    Ok(format!("stacked {} levels", 2 * levels))
}

/// Makes empty files.
#[tool]
pub fn many_files(count: usize) -> Result<String, ToolError> {
    for number in 0..count {
        File::create(format!("/data/{number}"))?;
    }
    Ok(format!("made {count} files"))
}

/// Holds so many files open.
#[tool]
pub fn open_many(count: usize) -> Result<String, ToolError> {
    let mut held = Vec::new();
    fs::write("/data/file", "text")?;
    for _ in 0..count {
        held.push(File::open("/data/file")?);
    }
    Ok(format!("hold {} files open", held.len()))
}

/// Sets a key to so many bytes.
#[tool(idempotent)]
pub fn set_key(key: String, bytes: usize) -> Result<(), ToolError> {
    kv::set(&key, vec![b'x'; bytes])
}

skillgate_sdk::skill!(
    hold_unlinked,
    hold_many,
    rename_over,
    cut_and_fill,
    set_length,
    write_and_remove,
    nest,
    stack_up,
    many_files,
    open_many,
    set_key
);
