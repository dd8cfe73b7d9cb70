//! The host functions: every one that can make a folder larger charges first, all others pass
//! through. Hard and symbolic links are refused: without them a name says where its bytes are.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::stream::QuotaStream;
use super::{OpenFolders, Quota, QuotaExceeded};
use crate::folder::{ENTRY_COST, Hold};
use crate::state::{Shared, State};
use types::ErrorCode;

impl From<QuotaExceeded> for FsError {
    fn from(_: QuotaExceeded) -> Self {
        ErrorCode::Quota.into()
    }
}

/// The view that the filesystem's host functions work on.
pub(crate) struct FilesView<'a> {
    inner: WasiFilesystemCtxView<'a>,
    open: &'a mut OpenFolders,
    shared: &'a Arc<Shared>,
}

/// [`FilesView`] for the linker.
pub(crate) struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesView<'a>;
}

impl State {
    pub(crate) fn files(&mut self) -> FilesView<'_> {
        self.meter.count_host_call();
        FilesView {
            inner: WasiFilesystemCtxView {
                ctx: self.wasi.filesystem(),
                table: &mut self.table,
            },
            open: &mut self.open_folders,
            shared: &self.shared,
        }
    }
}

type Fd = Resource<Descriptor>;

impl FilesView<'_> {
    fn charge(&self, fd: &Fd, more: u64) -> FsResult<Hold> {
        Ok(self.owner(fd)?.charge(self.shared, more)?)
    }

    fn owner(&self, fd: &Fd) -> FsResult<Arc<Quota>> {
        self.open
            .owners
            .get(&fd.rep())
            .cloned()
            .ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    /// Puts the quota around a stream that writes to `fd`'s file.
    fn limited(
        &mut self,
        owner: Arc<Quota>,
        stream: Resource<DynOutputStream>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.inner.table.delete(stream)?;
        let limited: DynOutputStream = Box::new(QuotaStream {
            inner,
            owner,
            shared: Arc::clone(self.shared),
            hold: None,
        });
        Ok(self.inner.table.push(limited)?)
    }
}

/// A handle of its own to the same entry, for a call that takes one.
fn again(fd: &Fd) -> Fd {
    Resource::new_borrow(fd.rep())
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        let directories = preopens::Host::get_directories(&mut self.inner)?;
        for ((fd, _), folder) in directories.iter().zip(&self.open.folders) {
            self.open.owners.insert(fd.rep(), Arc::clone(folder));
        }
        Ok(directories)
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.inner.convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        if self.inner.table.get(&error)?.is::<QuotaExceeded>() {
            return Ok(Some(ErrorCode::Quota));
        }
        self.inner.filesystem_error_code(error)
    }
}

impl types::HostDescriptor for FilesView<'_> {
    // These can make a folder larger.

    async fn write(&mut self, fd: Fd, buffer: Vec<u8>, offset: u64) -> FsResult<u64> {
        let _hold = self.charge(&fd, buffer.len() as u64)?;
        self.inner.write(fd, buffer, offset).await
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        let owner = self.owner(&fd)?;
        let stream = self.inner.write_via_stream(fd, offset)?;
        self.limited(owner, stream)
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let owner = self.owner(&fd)?;
        let stream = self.inner.append_via_stream(fd)?;
        self.limited(owner, stream)
    }

    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let now = self.inner.stat(again(&fd)).await?.size;
        let _hold = self.charge(&fd, size.saturating_sub(now))?;
        self.inner.set_size(fd, size).await
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: types::PathFlags,
        path: String,
        open: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Fd> {
        let owner = self.owner(&fd)?;
        let _hold = match open.contains(types::OpenFlags::CREATE) {
            true => Some(owner.charge(self.shared, ENTRY_COST)?),
            false => None,
        };
        let opened = self
            .inner
            .open_at(fd, path_flags, path, open, flags)
            .await?;
        self.open.owners.insert(opened.rep(), owner);
        Ok(opened)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let _hold = self.charge(&fd, ENTRY_COST)?;
        self.inner.create_directory_at(fd, path).await
    }

    /// Between two folders the bytes would move from one quota to the other.
    async fn rename_at(&mut self, fd: Fd, old: String, new_fd: Fd, new: String) -> FsResult<()> {
        if !Arc::ptr_eq(&self.owner(&fd)?, &self.owner(&new_fd)?) {
            return Err(ErrorCode::CrossDevice.into());
        }
        self.inner.rename_at(fd, old, new_fd, new).await
    }

    // Refused: see the head of this file.

    async fn link_at(
        &mut self,
        _: Fd,
        _: types::PathFlags,
        _: String,
        _: Fd,
        _: String,
    ) -> FsResult<()> {
        Err(ErrorCode::Unsupported.into())
    }

    async fn symlink_at(&mut self, _: Fd, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::Unsupported.into())
    }

    // Passed through.

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.open.owners.remove(&fd.rep());
        types::HostDescriptor::drop(&mut self.inner, fd)
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        self.inner.read_via_stream(fd, offset)
    }

    async fn advise(
        &mut self,
        fd: Fd,
        offset: u64,
        length: u64,
        advice: types::Advice,
    ) -> FsResult<()> {
        self.inner.advise(fd, offset, length, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        self.inner.sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<types::DescriptorFlags> {
        self.inner.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<types::DescriptorType> {
        self.inner.get_type(fd).await
    }

    async fn set_times(
        &mut self,
        fd: Fd,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        self.inner.set_times(fd, accessed, modified).await
    }

    async fn read(&mut self, fd: Fd, length: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        self.inner.read(fd, length, offset).await
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>> {
        self.inner.read_directory(fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        self.inner.sync(fd).await
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<types::DescriptorStat> {
        self.inner.stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        self.inner.stat_at(fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        self.inner
            .set_times_at(fd, flags, path, accessed, modified)
            .await
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        self.inner.readlink_at(fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.inner.remove_directory_at(fd, path).await
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.inner.unlink_file_at(fd, path).await
    }

    async fn is_same_object(&mut self, a: Fd, b: Fd) -> wasmtime::Result<bool> {
        self.inner.is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<types::MetadataHashValue> {
        self.inner.metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        self.inner.metadata_hash_at(fd, flags, path).await
    }
}

impl types::HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        self.inner.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        types::HostDirectoryEntryStream::drop(&mut self.inner, stream)
    }
}
