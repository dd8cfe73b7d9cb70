//! What the server is made of, from the command line and the environment.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use skillgate_agent::embedding::{Embedder, HashedNgrams, OpenAiEmbedder, OpenAiEmbedderConfig};
use skillgate_agent::provider::{PROVIDERS, ProviderService};
use skillgate_agent::{HttpClient, RetryPolicy, Scripted};
use skillgate_runtime::{Cache, Compiler, EgressPolicy, HostFault, Runtime, RuntimeConfig, Secret};
use skillgate_server::AppConfig;
use skillgate_server::config::DescriptorBudget;
use skillgate_service::{
    IdentityProviderConfig, OperatorProvider, ProviderConfig, PublicUrl, ServiceConfig,
};
use skillgate_store::{MasterKey, Store, StoreConfig};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::args::{Database, Embedding, IdentityProvider, Serve};
use crate::environment;
use crate::exit::{Exit, Failure, OrExit, Outcome};

/// Opens the database; makes the data folder, for its owner only, and what belongs in it.
pub(in crate::command) async fn store(database: &Database) -> Outcome<Store> {
    let config = StoreConfig::new(database_url(database).as_str(), master_key(database)?);
    Ok(Store::open(config).await?)
}

/// Opens a database that a server uses already: a slip in `--data` must not make a new one.
pub(in crate::command) async fn existing_store(database: &Database) -> Outcome<Store> {
    if !database_exists(database) {
        let file = sqlite_file(database);
        return Err(Failure::new(
            Exit::NotFound,
            format_args!(
                "there is no database at {}: give the server's --data, or start the server once",
                file.display()
            ),
        ));
    }
    store(database).await
}

/// Whether the database was made before. Of a PostgreSQL one only asking it tells.
pub(in crate::command) fn database_exists(database: &Database) -> bool {
    database.database_url.is_some() || sqlite_file(database).exists()
}

/// The address of the database, which may hold a password.
pub(in crate::command) fn database_url(database: &Database) -> Zeroizing<String> {
    match &database.database_url {
        Some(url) => url.0.clone(),
        None => format!("sqlite://{}", sqlite_file(database).display()).into(),
    }
}

/// The folder of what skills keep in files.
pub(in crate::command) fn state_folder(database: &Database) -> PathBuf {
    database.data.join("state")
}

/// The SQLite file in the data folder.
pub(in crate::command) fn sqlite_file(database: &Database) -> PathBuf {
    database.data.join("skillgate.db")
}

/// All that the service needs beside the listener.
pub(super) fn app_config(
    arguments: &Serve,
    descriptors: DescriptorBudget,
    store: Store,
    runtime: Runtime,
    public_url: PublicUrl,
) -> Outcome<AppConfig> {
    let limits = &arguments.limits;
    Ok(AppConfig {
        services: ServiceConfig {
            store,
            runtime,
            providers: providers(arguments)?,
            embedder: embedder(&arguments.embedding)?,
            rate_limit: arguments.rate_limit,
            community_mode: arguments.community_mode,
            identity_provider: identity_provider(&arguments.identity),
            budget: limits.budget(),
            limits: limits.services(&arguments.database, descriptors),
            public_url,
        },
        connections: limits.connections(descriptors),
    })
}

/// The operator's identity provider, where there is one: issuer and audience come together.
fn identity_provider(arguments: &IdentityProvider) -> Option<IdentityProviderConfig> {
    Some(IdentityProviderConfig {
        issuer: arguments.oidc_issuer.clone()?,
        audience: arguments.oidc_audience.clone()?,
        account_claim: arguments.oidc_account_claim.clone(),
        scope_claim: arguments.oidc_scope_claim.clone(),
    })
}

/// Where publishers reach a server that listens here. On all of a machine's addresses it can only be known to be this
/// machine; the operator says what others call it.
pub(super) fn public_url(listening: SocketAddr) -> Outcome<PublicUrl> {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let url = format!("http://{}", SocketAddr::new(ip, listening.port()));
    Ok(url.parse()?)
}

/// From the environment, else from its file in the data folder.
pub(in crate::command) fn master_key(database: &Database) -> Outcome<MasterKey> {
    make_private_folder(&database.data)
        .with_context(|| format!("cannot make {}", database.data.display()))?;
    match environment::value(environment::MASTER_KEY) {
        Some(hex) => MasterKey::from_hex(&hex).or_exit(Exit::Usage),
        None => Ok(MasterKey::load_or_create(
            &database.data.join("master.key"),
        )?),
    }
}

/// Makes a folder that only its owner can look into, where there is none.
pub(in crate::command) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// What runs skills. It is made in the background, because reserving its memory takes milliseconds.
pub(super) fn runtime(
    arguments: &Serve,
    descriptors: DescriptorBudget,
) -> Outcome<JoinHandle<Result<Runtime, HostFault>>> {
    let (database, limits) = (&arguments.database, &arguments.limits);
    let cache_key = *master_key(database)?.derive("compiled code");
    let config = RuntimeConfig {
        cache: Some(Cache {
            dir: database.data.join("compiled"),
            key: cache_key,
        }),
        compiler: Compiler::Child {
            program: std::env::current_exe()?,
            args: vec!["compile-component".into()],
        },
        egress: EgressPolicy {
            allow: arguments.allow_egress.clone(),
            limits: limits.egress(descriptors),
            ..EgressPolicy::default()
        },
        state_dir: Some(state_folder(database)),
        guests: limits.guests(),
        storage: limits.storage(descriptors),
        compile: limits.compile(),
        ..RuntimeConfig::default()
    };
    Ok(tokio::task::spawn_blocking(|| Runtime::new(config)))
}

fn providers(arguments: &Serve) -> Outcome<ProviderConfig> {
    let operators: BTreeMap<&str, OperatorProvider> = PROVIDERS
        .into_iter()
        .filter_map(|kind| Some((kind.name, operators(kind.service.as_ref()?))))
        .collect();
    // Whoever tries the quickstart has no key yet; elsewhere an agent without a credential is an error.
    let has_key = operators.values().any(|one| one.api_key.is_some());
    let offline = arguments.quickstart.is_some() && !has_key;
    Ok(ProviderConfig {
        http: HttpClient::default(),
        operators,
        default_provider: arguments
            .llm_provider
            .clone()
            .or_else(|| offline.then(|| "demo".to_owned())),
        script: arguments.script.as_ref().map(script).transpose()?,
        retry: RetryPolicy::default(),
    })
}

/// What makes vectors of knowledge: the operator's model, or the embedder that needs none.
fn embedder(options: &Embedding) -> Outcome<Arc<dyn Embedder>> {
    let (Some(model), Some(dimension)) = (&options.embedding_model, options.embedding_dimensions)
    else {
        return Ok(Arc::new(HashedNgrams));
    };
    let base_url = options.address().or_exit(Exit::Usage)?;
    Ok(Arc::new(OpenAiEmbedder::new(OpenAiEmbedderConfig {
        http: HttpClient::default(),
        base_url: base_url.to_owned(),
        api_key: environment::value(environment::EMBEDDING_API_KEY),
        model: model.clone(),
        dimension,
        retry: RetryPolicy::default(),
    })))
}

/// What the environment says of a provider's service.
fn operators(service: &ProviderService) -> OperatorProvider {
    OperatorProvider {
        api_key: environment::value(service.api_key_variable).map(Secret::new),
        base_url: environment::value(service.base_url_variable),
        model: environment::value(service.model_variable),
    }
}

fn script(path: &PathBuf) -> Outcome<Arc<Scripted>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .or_exit(Exit::NotFound)?;
    let script = Scripted::from_json(&text).with_context(|| path.display().to_string());
    Ok(Arc::new(script.or_exit(Exit::Usage)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_where_it_listens() {
        for (listening, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("10.1.2.3:80", "http://10.1.2.3"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
        ] {
            let known = public_url(listening.parse().unwrap()).ok().unwrap();
            assert_eq!(known.as_str(), url);
        }
    }
}
