//! `wasi:keyvalue/store`: one store for each scope, a file for each key ([`disk`]).

mod disk;

use std::io;
use std::sync::Arc;

use skillgate_skill::Permissions;
use wasmtime::component::{HasSelf, Resource};

use super::Capability;
use crate::bindings::wasi::keyvalue::store::{self, Error, Host, HostBucket, KeyResponse};
use crate::folder::{Folder, Ledger, Refusal};
use crate::state::State;

/// All that linking and loading know of it.
pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:keyvalue/store"],
    is_in: |permissions| permissions.kv.is_some(),
    part_of: |permissions| Permissions {
        kv: permissions.kv,
        ..Permissions::default()
    },
    link: |linker| store::add_to_linker::<State, HasSelf<State>>(linker, |state| state),
    example: "metadata:\n  skillgate:\n    permissions:\n      kv:\n        quota: 1MiB\n",
};

/// The longest key in bytes.
pub(crate) const MAX_KEY: usize = 1024;

/// An open store.
#[derive(Debug, Clone)]
#[allow(
    unreachable_pub,
    reason = "named by generated code, which is public inside its module"
)]
pub struct Bucket {
    folder: Arc<Folder>,
    quota: u64,
}

impl Host for State {
    async fn open(
        &mut self,
        identifier: String,
    ) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        self.meter.count_host_call();
        if !matches!(identifier.as_str(), "" | "default") {
            return Ok(Err(Error::NoSuchStore));
        }
        let quota = match self.shared.effective.kv_quota() {
            Ok(quota) => quota,
            Err(denial) => {
                self.shared.deny(denial);
                return Ok(Err(Error::AccessDenied));
            }
        };
        let quota = quota.min(self.folders.limits().kv_quota);
        match self.folders.open(&self.scope, "kv").await {
            Ok(folder) => Ok(Ok(self.table.push(Bucket { folder, quota })?)),
            Err(refusal) => Ok(Err(self.refused(refusal))),
        }
    }
}

impl HostBucket for State {
    async fn get(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let value = self.read(&bucket, &key, Bucket::get).await?;
        if let Ok(Some(value)) = &value {
            self.shared
                .uses()
                .record("kv", format!("get {key}"), value.len() as u64);
        }
        Ok(value)
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let size = value.len() as u64;
        let used = self.used("set", &key, size);
        let set =
            move |bucket: &Bucket, ledger: &mut Ledger, key: &str| bucket.set(ledger, key, &value);
        let done = self.change(&bucket, &key, set).await?;
        self.unless_refused(used, size, &done);
        Ok(done)
    }

    async fn delete(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let used = self.used("delete", &key, 0);
        let done = self.change(&bucket, &key, Bucket::delete).await?;
        self.unless_refused(used, 0, &done);
        Ok(done)
    }

    async fn exists(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        self.read(&bucket, &key, Bucket::exists).await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let list = move |bucket: &Bucket, ledger: &mut Ledger, _: &str| {
            bucket.list(ledger, cursor.unwrap_or(0))
        };
        let page = self.change(&bucket, "", list).await?;
        Ok(page.map(|page| KeyResponse {
            keys: page.keys,
            cursor: page.next,
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl State {
    /// Counts an operation and decides on it. The grant is asked again for each: it may have been revoked since the
    /// store was opened.
    fn admit(&mut self, key: &str) -> Result<(), Error> {
        self.meter.count_host_call();
        check_key(key)?;
        self.shared
            .effective
            .kv_quota()
            .map(drop)
            .map_err(|denial| {
                self.shared.deny(denial);
                Error::AccessDenied
            })
    }

    /// Records a use before it begins: a call that is cut in the middle may have done it. `None` for a
    /// key that will be refused.
    fn used(&self, verb: &str, key: &str, bytes: u64) -> Option<usize> {
        check_key(key).ok().map(|()| {
            let detail = format!("{verb} {key}");
            self.shared.uses().record("kv", detail, bytes)
        })
    }

    /// Takes it back when the host refused it.
    fn unless_refused(&self, used: Option<usize>, bytes: u64, done: &Result<(), Error>) {
        if let (Some(used), Err(_)) = (used, done) {
            self.shared.uses().retract(used, bytes);
        }
    }

    /// Reads from the store, on a thread that may wait for the disk.
    async fn read<T: Send + 'static>(
        &mut self,
        bucket: &Resource<Bucket>,
        key: &str,
        work: impl FnOnce(&Bucket, &str) -> io::Result<T> + Send + 'static,
    ) -> wasmtime::Result<Result<T, Error>> {
        if let Err(refused) = self.admit(key) {
            return Ok(Err(refused));
        }
        let (bucket, key) = (self.table.get(bucket)?.clone(), key.to_owned());
        let done = tokio::task::spawn_blocking(move || work(&bucket, &key)).await?;
        Ok(done.map_err(|error| self.refused(error.into())))
    }

    /// Changes the store, on a thread that may wait for the disk, when nobody else changes it.
    async fn change<T: Send + 'static>(
        &mut self,
        bucket: &Resource<Bucket>,
        key: &str,
        work: impl FnOnce(&Bucket, &mut Ledger, &str) -> Result<T, Refusal> + Send + 'static,
    ) -> wasmtime::Result<Result<T, Error>> {
        if let Err(refused) = self.admit(key) {
            return Ok(Err(refused));
        }
        let (bucket, key) = (self.table.get(bucket)?.clone(), key.to_owned());
        let folder = Arc::clone(&bucket.folder);
        let done = folder.exclusively(move |ledger| work(&bucket, ledger, &key));
        Ok(done.await.map_err(|refusal| self.refused(refusal)))
    }

    /// The error for the guest; a limit is remembered for the call's outcome.
    fn refused(&self, refusal: Refusal) -> Error {
        match refusal {
            Refusal::Room(refusal) => {
                let stop = refusal.stop("kv", "");
                let message = stop.to_string();
                self.shared.refuse(stop);
                Error::Other(message)
            }
            Refusal::Disk(error) => {
                tracing::error!("a key-value store failed: {error}");
                Error::Other("the store is not usable; its host's log says why".into())
            }
        }
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if key.len() > MAX_KEY {
        return Err(Error::Other(format!(
            "the key has {} bytes; at most {MAX_KEY} are allowed",
            key.len()
        )));
    }
    Ok(())
}
