//! The host functions. What changes a folder is done by [`operation`](super::operation), counted; all else passes through
//! to wasmtime-wasi. Hard and symbolic links are refused: without them a name says where its bytes are.

use std::fs::File as OsFile;
use std::sync::Arc;

use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsResult};

use super::open::OpenRequest;
use super::operation::{self, At, Name};
use super::stream::{FileInput, FileOutput};
use super::{OpenFolders, Opened, listing};
use crate::folder::OpenFile;
use crate::state::{Shared, State};
use types::ErrorCode;

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
        let (wasi, open_folders, shared) = self.parts_for_files();
        FilesView {
            inner: WasiFilesystemCtxView {
                ctx: wasi.ctx.filesystem(),
                table: wasi.table,
            },
            open: open_folders,
            shared,
        }
    }
}

type Fd = Resource<Descriptor>;

impl FilesView<'_> {
    fn opened(&self, fd: &Fd) -> FsResult<Opened> {
        let opened = self.open.opened.get(&fd.rep()).cloned();
        opened.ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    fn file(&self, fd: &Fd) -> FsResult<File> {
        match self.inner.table.get(fd)? {
            Descriptor::File(file) => Ok(file.clone()),
            Descriptor::Dir(_) => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    fn dir(&self, fd: &Fd) -> FsResult<Dir> {
        match self.inner.table.get(fd)? {
            Descriptor::Dir(dir) => Ok(dir.clone()),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    /// The file of a descriptor, when the folder may be written.
    fn writable_file(&self, fd: &Fd) -> FsResult<Arc<OsFile>> {
        let file = self.file(fd)?;
        if file.perms.write_not_permitted() {
            return Err(ErrorCode::NotPermitted.into());
        }
        Ok(file.file)
    }

    /// A name in a folder that may be written.
    fn writable_name(&self, fd: &Fd, path: String) -> FsResult<Name> {
        let dir = self.dir(fd)?;
        if dir.perms.write_not_permitted() {
            return Err(ErrorCode::NotPermitted.into());
        }
        Ok(Name::new(&dir, self.opened(fd)?.depth, path))
    }

    /// A place for one more open file.
    fn take_place(&self, opened: &Opened) -> FsResult<Arc<OpenFile>> {
        let places = self.open.places.as_ref().ok_or(ErrorCode::BadDescriptor)?;
        let place = places.take();
        Ok(place.map_err(|refusal| opened.owner.refused(self.shared, refusal.into()))?)
    }

    /// A stream that writes to a descriptor's file.
    fn output(&mut self, fd: &Fd, at: At) -> FsResult<Resource<DynOutputStream>> {
        let (opened, file) = (self.opened(fd)?, self.writable_file(fd)?);
        let writer = self.open.writers().try_acquire_owned();
        let writer = writer.map_err(|_| ErrorCode::InsufficientMemory)?;
        let stream = FileOutput::new(file, at, opened, Arc::clone(self.shared), writer);
        let stream: DynOutputStream = Box::new(stream);
        Ok(self.inner.table.push(stream)?)
    }
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        let mut directories = Vec::with_capacity(self.open.preopens.len());
        for preopen in &self.open.preopens {
            let descriptor = Descriptor::Dir(preopen.dir.clone());
            let fd = self.inner.table.push(descriptor)?;
            self.open.opened.insert(fd.rep(), preopen.opened.clone());
            directories.push((fd, preopen.name.clone()));
        }
        Ok(directories)
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(
        &mut self,
        error: wasmtime_wasi::p2::FsError,
    ) -> wasmtime::Result<ErrorCode> {
        self.inner.convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        if let Some(code) = self.inner.table.get(&error)?.downcast_ref::<ErrorCode>() {
            return Ok(Some(*code));
        }
        self.inner.filesystem_error_code(error)
    }
}

impl types::HostDescriptor for FilesView<'_> {
    // These change a folder.

    async fn write(&mut self, fd: Fd, buffer: Vec<u8>, offset: u64) -> FsResult<u64> {
        let (opened, file) = (self.opened(&fd)?, self.writable_file(&fd)?);
        let written = opened.write(self.shared, file, At::Offset(offset), buffer.into());
        Ok(written.await?)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, At::Offset(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, At::End)
    }

    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let (opened, file) = (self.opened(&fd)?, self.writable_file(&fd)?);
        let done = opened.change(self.shared, move |ledger, quota| {
            operation::set_size(ledger, &file, size, quota)
        });
        Ok(done.await?)
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        _: types::PathFlags,
        path: String,
        open: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Fd> {
        let (parent, dir) = (self.opened(&fd)?, self.dir(&fd)?);
        let request = OpenRequest::new(dir.perms, open, flags)?;
        let name = Name::new(&dir, parent.depth, path);
        let opened = Opened {
            owner: Arc::clone(&parent.owner),
            depth: name.depth(),
            _place: self.take_place(&parent)?,
        };
        let descriptor = opened.change(self.shared, move |ledger, quota| {
            operation::open(ledger, &name, &request, quota)
        });
        let descriptor = self.inner.table.push(descriptor.await?)?;
        self.open.opened.insert(descriptor.rep(), opened);
        Ok(descriptor)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (opened, name) = (self.opened(&fd)?, self.writable_name(&fd, path)?);
        let done = opened.change(self.shared, move |ledger, quota| {
            operation::create_directory(ledger, &name, quota)
        });
        Ok(done.await?)
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (opened, name) = (self.opened(&fd)?, self.writable_name(&fd, path)?);
        let done = opened.change(self.shared, move |ledger, _| {
            operation::remove_directory(ledger, &name)
        });
        Ok(done.await?)
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (opened, name) = (self.opened(&fd)?, self.writable_name(&fd, path)?);
        let done = opened.change(self.shared, move |ledger, _| {
            operation::unlink(ledger, &name)
        });
        Ok(done.await?)
    }

    /// Between two folders the bytes would move from one quota to the other.
    async fn rename_at(&mut self, fd: Fd, old: String, new_fd: Fd, new: String) -> FsResult<()> {
        let opened = self.opened(&fd)?;
        if !Arc::ptr_eq(&opened.owner, &self.opened(&new_fd)?.owner) {
            return Err(ErrorCode::CrossDevice.into());
        }
        let old = self.writable_name(&fd, old)?;
        let new = self.writable_name(&new_fd, new)?;
        let done = opened.change(self.shared, move |ledger, _| {
            operation::rename(ledger, &old, &new)
        });
        Ok(done.await?)
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

    // These keep something open, or in memory.

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.open.opened.remove(&fd.rep());
        types::HostDescriptor::drop(&mut self.inner, fd)
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let opened = self.opened(&fd)?;
        let stream = self.inner.read_via_stream(fd, offset)?;
        let inner = self.inner.table.delete(stream)?;
        let stream: DynInputStream = Box::new(FileInput {
            inner,
            _opened: opened,
        });
        Ok(self.inner.table.push(stream)?)
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let names = listing::count(self.dir(&fd)?.dir).await?;
        self.open.check_listing(names)?;
        let stream = self.inner.read_directory(fd).await?;
        self.open.listed.insert(stream.rep(), names);
        Ok(stream)
    }

    // Passed through.

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
        self.open.listed.remove(&stream.rep());
        types::HostDirectoryEntryStream::drop(&mut self.inner, stream)
    }
}
