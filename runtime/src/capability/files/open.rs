//! What a guest wants opened, and how.

use std::fs::File;
use std::io;

use cap_primitives::fs::{FollowSymlinks, OpenOptions};
use rustix::io::Errno;
use wasmtime_wasi::filesystem::{self, Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};
use wasmtime_wasi::{FsPerms, OpenMode};

/// The flags of one `open-at`, as wasmtime-wasi understands them.
pub(super) struct OpenRequest {
    options: OpenOptions,
    mode: OpenMode,
    perms: FsPerms,
    open: OpenFlags,
}

impl OpenRequest {
    pub(super) fn new(
        perms: FsPerms,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Self, ErrorCode> {
        let makes = open.contains(OpenFlags::CREATE);
        let truncates = open.contains(OpenFlags::TRUNCATE);
        let exclusive = open.contains(OpenFlags::EXCLUSIVE);
        let unsupported = [
            DescriptorFlags::FILE_INTEGRITY_SYNC,
            DescriptorFlags::DATA_INTEGRITY_SYNC,
            DescriptorFlags::REQUESTED_WRITE_SYNC,
        ];
        if unsupported.into_iter().any(|flag| flags.contains(flag)) {
            return Err(ErrorCode::Unsupported);
        }
        if open.contains(OpenFlags::DIRECTORY) && (makes || truncates || exclusive) {
            return Err(ErrorCode::Invalid);
        }
        let writes = makes || truncates || flags.contains(DescriptorFlags::WRITE);
        if writes && perms.write_not_permitted() {
            return Err(ErrorCode::NotPermitted);
        }
        // What is not opened to be written is opened to be read: the system wants one of both.
        let reads =
            flags.contains(DescriptorFlags::READ) || !flags.contains(DescriptorFlags::WRITE);
        let mut options = OpenOptions::new();
        options.read(reads).write(writes).truncate(truncates);
        options.create(makes && !exclusive);
        options.create_new(makes && exclusive);
        options._cap_fs_ext_follow(FollowSymlinks::No);
        let mut mode = OpenMode::empty();
        mode.set(OpenMode::READ, reads);
        mode.set(OpenMode::WRITE, writes);
        Ok(Self {
            options,
            mode,
            perms,
            open,
        })
    }

    pub(super) fn options(&self) -> &OpenOptions {
        &self.options
    }

    pub(super) fn creates(&self) -> bool {
        self.open.contains(OpenFlags::CREATE)
    }

    pub(super) fn truncates(&self) -> bool {
        self.open.contains(OpenFlags::TRUNCATE)
    }

    /// What was opened, as wasmtime-wasi keeps it.
    pub(super) fn descriptor(&self, opened: File) -> io::Result<Descriptor> {
        if opened.metadata()?.is_dir() {
            let dir = Dir::new(opened, self.perms, self.mode, false);
            return Ok(Descriptor::Dir(dir));
        }
        if self.open.contains(OpenFlags::DIRECTORY) {
            return Err(Errno::NOTDIR.into());
        }
        let file = filesystem::File::new(opened, self.perms, self.mode, false);
        Ok(Descriptor::File(file))
    }
}
