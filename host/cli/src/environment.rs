//! Every environment variable that the command reads: its name and what it does, in one place.

use skillgate_agent::provider::PROVIDERS;

/// Declares the variables as constants, and [`ALL`] of them with their text for the generated page.
macro_rules! variables {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        $($(#[doc = $doc])+ pub(crate) const $name: &str = $text;)+

        /// Every variable: its name and its documentation.
        pub(crate) const ALL: &[(&str, &str)] = &[$(($text, concat!($($doc),+))),+];
    };
}

variables! {
    /// Where `serve` listens, `address:port`. Port 0 takes a free one.
    LISTEN = "SKILLGATE_LISTEN";
    /// A TOML file of the options of `serve`, by their names without the dashes.
    CONFIG = "SKILLGATE_CONFIG";
    /// The folder that holds the server's database, master key, compiled skills and skills' state.
    DATA = "SKILLGATE_DATA";
    /// The database, `sqlite://path` or `postgres://…`, in place of the SQLite file in the data folder.
    DATABASE_URL = "SKILLGATE_DATABASE_URL";
    /// The master key, 64 hexadecimal digits, in place of the file `master.key` in the data folder.
    MASTER_KEY = "SKILLGATE_MASTER_KEY";
    /// Requests a minute that a key may make when it has no limit of its own; 0 is none.
    RATE_LIMIT = "SKILLGATE_RATE_LIMIT";
    /// `allow` or `ask`: the mode of new grants to skills that only their publisher vouches for.
    COMMUNITY_MODE = "SKILLGATE_COMMUNITY_MODE";
    /// Networks, comma-separated CIDR, that skills may reach although they are private.
    ALLOW_EGRESS = "SKILLGATE_ALLOW_EGRESS";
    /// What the server logs: a level, or directives such as `info,skillgate_runtime=debug`.
    LOG = "SKILLGATE_LOG";
    /// Where others reach the server: what a publisher's key is registered for.
    PUBLIC_URL = "SKILLGATE_PUBLIC_URL";
    /// The issuer of the tokens of the operator's identity provider that are accepted.
    OIDC_ISSUER = "SKILLGATE_OIDC_ISSUER";
    /// Whom its tokens have to be issued for.
    OIDC_AUDIENCE = "SKILLGATE_OIDC_AUDIENCE";
    /// The claim of its tokens that names the account.
    OIDC_ACCOUNT_CLAIM = "SKILLGATE_OIDC_ACCOUNT_CLAIM";
    /// The claim of its tokens that names the scopes.
    OIDC_SCOPE_CLAIM = "SKILLGATE_OIDC_SCOPE_CLAIM";
    /// The highest rate limit that an account may give one of its keys, in requests a minute.
    MAX_RATE_LIMIT = "SKILLGATE_MAX_RATE_LIMIT";
    /// Connections of callers at once.
    MAX_CONNECTIONS = "SKILLGATE_MAX_CONNECTIONS";
    /// Connections of callers at once from one address.
    MAX_CONNECTIONS_PER_ADDRESS = "SKILLGATE_MAX_CONNECTIONS_PER_ADDRESS";
    /// Runs of agents at once.
    MAX_RUNS = "SKILLGATE_MAX_RUNS";
    /// Runs of one account's agents at once.
    MAX_RUNS_PER_ACCOUNT = "SKILLGATE_MAX_RUNS_PER_ACCOUNT";
    /// Tool calls of one turn of an agent.
    MAX_TOOL_CALLS = "SKILLGATE_MAX_TOOL_CALLS";
    /// Threads that run skills.
    GUEST_THREADS = "SKILLGATE_GUEST_THREADS";
    /// Memory of all sandboxes together.
    GUEST_MEMORY = "SKILLGATE_GUEST_MEMORY";
    /// Memory of one account's sandboxes together.
    GUEST_MEMORY_PER_ACCOUNT = "SKILLGATE_GUEST_MEMORY_PER_ACCOUNT";
    /// Tool calls of one account's skills at once.
    MAX_CALLS_PER_ACCOUNT = "SKILLGATE_MAX_CALLS_PER_ACCOUNT";
    /// HTTP requests of skills at once.
    MAX_REQUESTS = "SKILLGATE_MAX_REQUESTS";
    /// HTTP requests of one account's skills at once.
    MAX_REQUESTS_PER_ACCOUNT = "SKILLGATE_MAX_REQUESTS_PER_ACCOUNT";
    /// Memory for opening and verifying packages.
    PACKAGE_MEMORY = "SKILLGATE_PACKAGE_MEMORY";
    /// Bytes of all packages that one account may publish.
    MAX_PACKAGE_BYTES = "SKILLGATE_MAX_PACKAGE_BYTES";
    /// Memory for the code of skills that are kept ready.
    LOADED_SKILLS_MEMORY = "SKILLGATE_LOADED_SKILLS_MEMORY";
    /// Size of the folder of compiled skills.
    COMPILED_CACHE_SIZE = "SKILLGATE_COMPILED_CACHE_SIZE";
    /// The largest quota of one folder of a skill's files.
    MAX_FILES_QUOTA = "SKILLGATE_MAX_FILES_QUOTA";
    /// The largest quota of a skill's key-value store.
    MAX_KV_QUOTA = "SKILLGATE_MAX_KV_QUOTA";
    /// What skills may keep on the disk for one agent.
    MAX_AGENT_STORAGE = "SKILLGATE_MAX_AGENT_STORAGE";
    /// What skills may keep on the disk for one account.
    MAX_ACCOUNT_STORAGE = "SKILLGATE_MAX_ACCOUNT_STORAGE";
    /// What skills may keep on the disk in all.
    MAX_HOST_STORAGE = "SKILLGATE_MAX_HOST_STORAGE";
    /// Free space of the disk below which skills' writes are refused.
    MIN_FREE_DISK = "SKILLGATE_MIN_FREE_DISK";
    /// The provider of agents that name none: `anthropic`, `scripted` or `demo`.
    LLM_PROVIDER = "SKILLGATE_LLM_PROVIDER";
    /// The model that embeds knowledge, by its provider's name for it.
    EMBEDDING_MODEL = "SKILLGATE_EMBEDDING_MODEL";
    /// How many numbers that model's vectors have.
    EMBEDDING_DIMENSIONS = "SKILLGATE_EMBEDDING_DIMENSIONS";
    /// Where OpenAI's protocol for embeddings is spoken, when it is not at the vendor's own address.
    EMBEDDING_URL = "SKILLGATE_EMBEDDING_URL";
    /// The credential for it.
    EMBEDDING_API_KEY = "SKILLGATE_EMBEDDING_API_KEY";
    /// The file that the provider `scripted` plays.
    SCRIPT = "SKILLGATE_SCRIPT";
    /// The server that `publish`, `install` and `chat` talk to.
    URL = "SKILLGATE_URL";
    /// The API key that `publish`, `install` and `chat` send.
    API_KEY = "SKILLGATE_API_KEY";
    /// The passphrase of the signing key, where no terminal can be asked.
    KEY_PASSPHRASE = "SKILLGATE_KEY_PASSPHRASE";
    /// The passphrase that seals the master key in a backup, where no terminal can be asked.
    BACKUP_PASSPHRASE = "SKILLGATE_BACKUP_PASSPHRASE";
    /// The compiler for skills, a `rustc` that knows the target `wasm32-wasip2`.
    GUEST_RUSTC = "SKILLGATE_GUEST_RUSTC";
    /// What `run` gives a skill as the secret `<NAME>`: write the secret's name in place of `<NAME>`.
    SECRET = "SKILLGATE_SECRET_<NAME>";
    /// The folder under which the default signing key is kept, `~/.config` when not set.
    XDG_CONFIG_HOME = "XDG_CONFIG_HOME";
    /// The folder under which the guest compiler and compiled skills are kept, `~/.cache` when not set.
    XDG_CACHE_HOME = "XDG_CACHE_HOME";
}

/// The variables of every provider of language models, with their text: they are declared with the provider.
pub(crate) fn of_providers() -> impl Iterator<Item = (&'static str, String)> {
    let services = PROVIDERS
        .into_iter()
        .filter_map(|kind| kind.service.as_ref());
    services.flat_map(|service| {
        let title = service.title;
        [
            (
                service.api_key_variable,
                format!("The operator's key for {title}'s API; an agent's own key wins."),
            ),
            (
                service.base_url_variable,
                format!("Where {title}'s API is, when it is not at the vendor's own address."),
            ),
            (
                service.model_variable,
                format!("The model of agents that use {title} and name none."),
            ),
        ]
    })
}

/// The value of a variable; an empty one counts as not set.
pub(crate) fn value(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of a secret for `run`.
pub(crate) fn secret(name: &str) -> Option<String> {
    value(&SECRET.replace("<NAME>", name))
}

/// The folder `skillgate` inside the user's configuration folder; `None` without a home.
pub(crate) fn config_folder() -> Option<std::path::PathBuf> {
    base_folder(XDG_CONFIG_HOME, ".config")
}

/// The folder `skillgate` inside the user's cache folder; `None` without a home.
pub(crate) fn cache_folder() -> Option<std::path::PathBuf> {
    base_folder(XDG_CACHE_HOME, ".cache")
}

/// A base folder as the XDG base directory specification has it: a relative path in the variable is ignored.
fn base_folder(variable: &str, in_home: &str) -> Option<std::path::PathBuf> {
    let chosen = std::env::var_os(variable).map(std::path::PathBuf::from);
    chosen
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(in_home)))
        .map(|folder| folder.join("skillgate"))
}
