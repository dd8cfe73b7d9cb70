//! The sandbox on the author's own machine: the same runtime as the server's, for one skill at a time.

use std::path::PathBuf;
use std::sync::Arc;

use skillgate_runtime::{
    Cache, Compiler, EgressPolicy, LoadError, Pool, Runtime, RuntimeConfig, Skill, Tool,
};
use skillgate_skill::{Package, ToolDigest};

use crate::environment;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::key_file::write_private;

/// What differs from one local run to another.
#[derive(Default)]
pub(crate) struct Settings {
    /// Where state is kept; a temporary folder when `None`.
    pub(crate) state: Option<PathBuf>,
    /// Private networks that may be reached.
    pub(crate) allow_egress: Vec<ipnet::IpNet>,
}

/// Compiles and checks a package's component.
///
/// # Errors
/// As [`Runtime::load`]; an import that the manifest does not ask for ends with exit code 3.
pub(crate) async fn load(package: &Package, settings: Settings) -> Outcome<Arc<Skill>> {
    let config = RuntimeConfig {
        cache: cache(),
        compiler: Compiler::Child {
            program: std::env::current_exe()?,
            args: vec!["compile-component".into()],
        },
        egress: EgressPolicy {
            allow: settings.allow_egress,
            ..EgressPolicy::default()
        },
        state_dir: settings.state,
        pool: Pool { instances: 4 },
        ..RuntimeConfig::default()
    };
    let loaded = Runtime::new(config)?.load(package).await;
    loaded.map_err(|error| match error {
        LoadError::NotAskedFor { .. } => Failure::new(Exit::Refused, error),
        error => error.into(),
    })
}

/// The tools of a package; an instructions-only one has none.
///
/// # Errors
/// As [`load`].
pub(crate) async fn tools(package: &Package) -> Outcome<Vec<Tool>> {
    match package.component() {
        Some(_) => Ok(load(package, Settings::default()).await?.tools().to_vec()),
        None => Ok(Vec::new()),
    }
}

/// The digests of tools that a signature binds.
pub(crate) fn digests(tools: &[Tool]) -> Vec<ToolDigest> {
    tools.iter().map(Tool::digest).collect()
}

/// Compiled code in the user's cache folder; without a home there is none, and each command compiles anew.
fn cache() -> Option<Cache> {
    Some(Cache {
        dir: environment::cache_folder()?.join("compiled"),
        key: cache_key().ok()?,
    })
}

/// The key that authenticates the cache: kept with the configuration, made when absent.
fn cache_key() -> Outcome<[u8; 32]> {
    let folder = environment::config_folder()
        .ok_or_else(|| Failure::new(Exit::Failure, "no home folder"))?;
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("cache.key");
    if !path.exists() {
        let mut key = [0; 32];
        rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut key)?;
        // Another process may have been first: then its key is the one.
        let _ = write_private(&path, hex::encode(key).as_bytes());
    }
    let mut key = [0; 32];
    hex::decode_to_slice(std::fs::read_to_string(path)?.trim(), &mut key).or_exit(Exit::Failure)?;
    Ok(key)
}
