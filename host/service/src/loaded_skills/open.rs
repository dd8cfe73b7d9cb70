//! Opening packages: read, verified, loaded. Inflating and hashing megabytes is not for the threads that answer requests.

use bytes::Bytes;
use skillgate_runtime::Tool;
use skillgate_runtime::{CompilePlace, LoadError, Runtime};
use skillgate_skill::{Package, ToolDigest, Verified, VerifyingKey};
use skillgate_store::PublisherKey;
use tokio::task::spawn_blocking;

use crate::ServiceError;
use crate::loaded_skills::Code;
use crate::package_work::PackagePermit;

/// A package that was opened and verified.
pub(crate) struct Opened {
    /// The package.
    pub package: Package,
    /// Who vouches for it.
    pub verified: Verified,
    /// What is the same exactly when the contents are, in hexadecimal.
    pub digest: String,
}

impl Opened {
    /// Opens a package and verifies it against these keys, whose revocation the caller has judged. Gives the bytes back, and the
    /// permit, which is held until the work has ended even if nobody waits for it any more.
    pub(crate) async fn read(
        permit: PackagePermit,
        bytes: Bytes,
        keys: Vec<PublisherKey>,
    ) -> Result<(PackagePermit, Self, Bytes), ServiceError> {
        let open = move || {
            let package = Package::read(&bytes)?;
            let verified = package.verify(&trusted(&keys))?;
            let opened = Self {
                digest: package.digest().to_string(),
                package,
                verified,
            };
            Ok((permit, opened, bytes))
        };
        spawn_blocking(open).await.map_err(ServiceError::internal)?
    }

    /// Links what was compiled before, and compares the tools it really has with those that were signed; `None` when it
    /// must be compiled.
    pub(crate) async fn load_compiled(
        &self,
        runtime: &Runtime,
    ) -> Result<Option<Code>, ServiceError> {
        let loaded = runtime.load_compiled(&self.package).await?;
        loaded.map(|code| self.check(code)).transpose()
    }

    /// Compiles and links, in a place that was waited for before.
    pub(crate) async fn load(
        &self,
        runtime: &Runtime,
        place: &CompilePlace,
    ) -> Result<Code, ServiceError> {
        self.check(runtime.load_in(place, &self.package).await?)
    }

    /// Checks that a package without a component signs no tools.
    pub(crate) fn check_without_code(&self) -> Result<(), ServiceError> {
        Ok(self.verified.check_tools(&[])?)
    }

    fn check(&self, code: Code) -> Result<Code, ServiceError> {
        let tools: Vec<ToolDigest> = code.tools().iter().map(Tool::digest).collect();
        self.verified.check_tools(&tools)?;
        Ok(code)
    }
}

/// A place to compile in, as an account waits for it.
pub(crate) async fn compile_place(
    runtime: &Runtime,
    account: &str,
) -> Result<CompilePlace, ServiceError> {
    let place = runtime.compile_place(account).await;
    place.map_err(|fault| LoadError::from(fault).into())
}

fn trusted(keys: &[PublisherKey]) -> impl Fn(&skillgate_skill::KeyId) -> Option<VerifyingKey> {
    |id| {
        let key = keys.iter().find(|key| key.key_id == id.as_str())?;
        VerifyingKey::from_bytes(key.public_key.as_slice().try_into().ok()?).ok()
    }
}
