//! A skill that is ready to be called: compiled, checked, its tools listed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use skillgate_skill::{Digest, Effective, Limits, Manifest, Permissions};
use wasmtime::component::Component;

use crate::bindings::SkillPre;
use crate::call::Call;
use crate::capability::{CAPABILITIES, index_of};
use crate::error::LoadError;
use crate::limits::CallLimits;
use crate::link::{self, Linked, unversioned};
use crate::runtime::Runtime;
use crate::schema::Panicked;
use crate::state::State;
use crate::tool::{ListedTools, Tool};

/// A loaded skill.
pub struct Skill {
    /// Shared with the calls under way, which run on other threads.
    pub(crate) loaded: Arc<Loaded>,
}

/// What a loaded skill is. Holds one prepared instance for each set of capabilities that was ever granted.
pub(crate) struct Loaded {
    pub(crate) runtime: Runtime,
    pub(crate) manifest: Manifest,
    pub(crate) digest: Digest,
    pub(crate) asked: Arc<Permissions>,
    pub(crate) limits: CallLimits,
    pub(crate) tools: ListedTools,
    component: Component,
    imports: Vec<String>,
    prepared: RwLock<HashMap<Linked, Arc<SkillPre<State>>>>,
}

/// How long `list-tools` may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

impl Skill {
    pub(crate) async fn load(
        runtime: Runtime,
        manifest: Manifest,
        digest: Digest,
        component: Component,
    ) -> Result<Self, LoadError> {
        let imports = imports(&component);
        check_imports(&imports, &manifest.permissions)?;
        let operator = &runtime.inner.config.limits;
        let asked_limits = CallLimits::new(&manifest.limits, operator);
        // The tools are listed under the operator's limits: what the manifest asks for is for calls.
        let limits = CallLimits::new(&Limits::default(), operator);
        let loaded = Loaded {
            asked: Arc::new(manifest.permissions.clone()),
            prepared: RwLock::default(),
            tools: ListedTools::default(),
            runtime: runtime.clone(),
            manifest,
            digest,
            limits,
            component,
            imports,
        };
        let loaded = runtime
            .inner
            .threads
            .run(loaded.with_tools(asked_limits))
            .await??;
        Ok(Self {
            loaded: Arc::new(loaded),
        })
    }

    /// The manifest of the package.
    pub fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    /// The tools, as the skill listed them when it was loaded.
    pub fn tools(&self) -> &[Tool] {
        self.loaded.tools()
    }

    /// The interfaces that the component imports, with their versions.
    pub fn imports(&self) -> &[String] {
        &self.loaded.imports
    }

    /// The package's digest.
    pub fn digest(&self) -> Digest {
        self.loaded.digest
    }

    /// How much memory this skill holds while it is loaded, in bytes: its machine code, and what is estimated of the rest.
    pub fn weight(&self) -> u64 {
        /// What is made around the code, for each set of capabilities that was granted.
        const AROUND: u64 = 256 << 10;
        let code = self.loaded.component.image_range();
        let code = (code.end as usize).saturating_sub(code.start as usize);
        code as u64 + AROUND
    }
}

impl Loaded {
    pub(crate) fn tools(&self) -> &[Tool] {
        self.tools.as_slice()
    }

    /// Lists the tools; then the limits are those of calls.
    async fn with_tools(mut self, limits: CallLimits) -> Result<Self, LoadError> {
        self.prepared_for(Linked::NONE)
            .map_err(|error| LoadError::NoTools {
                reason: format!("{error:#}"),
            })?;
        self.tools = self.list_tools().await?;
        self.limits = limits;
        Ok(self)
    }

    /// The component linked with what is effective, made once for each set.
    pub(crate) fn prepared(&self, effective: &Effective) -> wasmtime::Result<Arc<SkillPre<State>>> {
        self.prepared_for(Linked::of(effective))
    }

    fn prepared_for(&self, linked: Linked) -> wasmtime::Result<Arc<SkillPre<State>>> {
        let prepared = self.prepared.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = prepared.get(&linked) {
            return Ok(Arc::clone(ready));
        }
        drop(prepared);
        // Not under the lock: of two that make the same, one is kept.
        let made = Arc::new(self.prepare(linked)?);
        let mut prepared = self
            .prepared
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(prepared.entry(linked).or_insert(made)))
    }

    fn prepare(&self, linked: Linked) -> wasmtime::Result<SkillPre<State>> {
        let linker = link::linker(
            &self.runtime.inner.base,
            &self.component,
            &self.asked,
            linked,
        )?;
        SkillPre::new(linker.instantiate_pre(&self.component)?)
    }

    async fn list_tools(&self) -> Result<ListedTools, LoadError> {
        let bad = |reason: String| LoadError::BadTools {
            skill: self.manifest.name.clone(),
            reason,
        };
        let call = Call {
            deadline: Some(LIST_TIMEOUT),
            ..Call::new("list-tools", "")
        };
        let listed = self.list(&call).await?.map_err(|outcome| {
            bad(format!(
                "list-tools ended otherwise than with a list: {}",
                outcome.for_model().0
            ))
        })?;
        let inner = &self.runtime.inner;
        let limits = inner.config.schemas.clone();
        // Away from the threads that serve requests: the schemas are a stranger's.
        let work = move || ListedTools::check(listed, &limits);
        match inner.schema_threads.on_list(work).await? {
            Ok(checked) => checked.map_err(bad),
            Err(Panicked) => Err(bad(
                "checking its schemas failed inside the schema library; the host's log says more"
                    .into(),
            )),
        }
    }
}

/// Refuses what is no component before the compiler sees it.
pub(crate) fn check_preamble(bytes: &[u8]) -> Result<(), LoadError> {
    let found = match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => return Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => "it is a core module".to_owned(),
        [0, b'a', b's', b'm', ..] => "it is WebAssembly of an unknown version".to_owned(),
        _ => format!("it does not begin like WebAssembly ({} bytes)", bytes.len()),
    };
    Err(LoadError::NotAComponent { found })
}

fn imports(component: &Component) -> Vec<String> {
    component
        .component_type()
        .imports(component.engine())
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Imports must be inside what the manifest asks for.
fn check_imports(imports: &[String], asked: &Permissions) -> Result<(), LoadError> {
    for import in imports {
        let name = unversioned(import);
        match index_of(name).and_then(|place| CAPABILITIES.get(place)) {
            Some(capability) if (capability.is_in)(asked) => {}
            Some(capability) => {
                return Err(LoadError::NotAskedFor {
                    import: import.clone(),
                    yaml: capability.example.to_owned(),
                });
            }
            None if is_inert(name) => {}
            None => {
                return Err(LoadError::NotOffered {
                    import: import.clone(),
                    remedy: remedy(name).to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Interfaces that hold no authority: always linked.
fn is_inert(interface: &str) -> bool {
    const PACKAGES: [&str; 5] = [
        "wasi:io/",
        "wasi:clocks/",
        "wasi:random/",
        "wasi:cli/",
        "wasi:filesystem/",
    ];
    const OURS: [&str; 2] = ["skillgate:skill/log", "skillgate:skill/progress"];
    OURS.contains(&interface)
        || PACKAGES
            .iter()
            .any(|package| interface.starts_with(package))
}

fn remedy(interface: &str) -> &'static str {
    match interface {
        name if name.starts_with("wasi:sockets/") => {
            "raw sockets are never linked; send requests with wasi:http/outgoing-handler and ask for http"
        }
        name if name.starts_with("wasi:keyvalue/") => "of wasi:keyvalue only the store is there",
        _ => "remove what needs it, or build with a version of the SDK that this host knows",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_what_a_manifest_can_say() {
        for capability in CAPABILITIES {
            let yaml = capability.example;
            let text = format!(
                "---\nname: x\ndescription: x\n{}---\n",
                yaml.replace("metadata:\n", "metadata:\n  version: 1.0.0\n")
            );
            let manifest = Manifest::parse_strict(&text).unwrap();
            assert!((capability.is_in)(&manifest.permissions), "{yaml}");
        }
    }
}
