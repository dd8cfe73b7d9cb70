//! A server in this process, on 127.0.0.1 and a free port, with a database of its own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use skillgate_agent::embedding::{Embedder, HashedNgrams};
use skillgate_agent::{Budget, HttpClient, RetryPolicy, Scripted};
use skillgate_runtime::{Cache, Compiler, Runtime, RuntimeConfig, Secret};
use skillgate_server::config::ConnectionLimits;
use skillgate_server::{App, AppConfig, serve};
use skillgate_service::config::ServiceLimits;
use skillgate_service::{
    CHALLENGE_LIFETIME, IdentityProviderConfig, OperatorProvider, ProviderConfig, PublicUrl,
    ServiceConfig,
};
use skillgate_skill::{KeyProof, Package, ProofContext, SigningKey, prove_possession};
use skillgate_store::{
    Clock, GrantMode, MasterKey, NewApiKey, Store, StoreConfig, Timestamp, system_clock,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sse::Events;

/// How a [`TestApp`] is made. The default answers with an empty script, on SQLite.
pub struct Setup {
    /// The script of the language model.
    pub script: Value,
    /// The database; a new SQLite file when absent.
    pub database: Option<String>,
    /// Where times come from.
    pub clock: Clock,
    /// Requests a minute for keys without a limit of their own.
    pub rate_limit: u32,
    /// The mode of grants to skills that only their publisher vouches for.
    pub community_mode: GrantMode,
    /// The operator's own identity provider; none by default.
    pub identity_provider: Option<IdentityProviderConfig>,
    /// The provider of agents that name none.
    pub default_provider: Option<&'static str>,
    /// Where the Anthropic protocol is spoken; nowhere by default.
    pub anthropic_base_url: String,
    /// The operator's own key for it.
    pub anthropic_key: Option<&'static str>,
    /// When a provider is asked again; never by default.
    pub retry: RetryPolicy,
    /// What connections may hold, and for how long.
    pub connections: ConnectionLimits,
    /// Where the world reaches the server; where it listens when absent.
    pub public_url: Option<PublicUrl>,
    /// How much of the server's own work there may be at once.
    pub limits: ServiceLimits,
    /// What makes vectors of knowledge.
    pub embedder: Arc<dyn Embedder>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            script: json!({ "turns": [] }),
            database: None,
            clock: system_clock(),
            rate_limit: 10_000,
            community_mode: GrantMode::Allow,
            identity_provider: None,
            default_provider: Some("scripted"),
            anthropic_base_url: "http://127.0.0.1:9".to_owned(),
            anthropic_key: None,
            retry: RetryPolicy {
                retries: 0,
                ..RetryPolicy::default()
            },
            connections: ConnectionLimits::default(),
            public_url: None,
            limits: ServiceLimits::default(),
            embedder: Arc::new(HashedNgrams),
        }
    }
}

/// A clock that moves only when it is told to. Clones share one time.
#[derive(Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Starts at this Unix second.
    pub fn at(second: i64) -> Self {
        Self(Arc::new(AtomicI64::new(second * 1_000_000)))
    }

    /// The Unix second that it shows.
    pub fn second(&self) -> i64 {
        self.0.load(Ordering::SeqCst) / 1_000_000
    }

    /// Moves it on.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// The same for [`Setup::clock`].
    pub fn clock(&self) -> Clock {
        let read = self.0.clone();
        Arc::new(move || Timestamp::from_micros(read.load(Ordering::SeqCst)))
    }
}

/// A running server. It stops, after a drain, with [`TestApp::stop`], or at once when the test ends.
pub struct TestApp {
    /// Where it listens, without a slash at the end.
    pub url: String,
    /// Its database.
    pub store: Store,
    /// The language model, which remembers what it was asked.
    pub script: Arc<Scripted>,
    account: String,
    shutdown: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
    folder: TempDir,
}

impl TestApp {
    /// A server whose model plays `script`.
    pub async fn with_script(script: Value) -> Self {
        Self::start(Setup {
            script,
            ..Setup::default()
        })
        .await
    }

    /// A server as `setup` has it, with one account.
    pub async fn start(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite://{}", folder.path().join("test.db").display());
        let url = setup.database.unwrap_or(file);
        let master_key = MasterKey::from_hex(&"5a".repeat(32)).unwrap();
        let store = Store::open(StoreConfig {
            url,
            master_key,
            clock: setup.clock,
        })
        .await
        .unwrap();
        let account = match store.first_account().await.unwrap() {
            Some(account) => account.id,
            None => store.create_account("Test").await.unwrap().id,
        };
        let script = Arc::new(Scripted::from_json(&setup.script.to_string()).unwrap());
        let anthropic = OperatorProvider {
            api_key: setup.anthropic_key.map(Secret::new),
            base_url: Some(setup.anthropic_base_url),
            model: Some("test-model".to_owned()),
        };
        let providers = ProviderConfig {
            http: HttpClient::default(),
            operators: [("anthropic", anthropic)].into(),
            default_provider: setup.default_provider.map(str::to_owned),
            script: Some(script.clone()),
            retry: setup.retry,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = App::new(AppConfig {
            services: ServiceConfig {
                store: store.clone(),
                runtime: runtime(folder.path().join("state")),
                providers,
                embedder: setup.embedder,
                rate_limit: setup.rate_limit,
                community_mode: setup.community_mode,
                identity_provider: setup.identity_provider,
                budget: Budget::default(),
                public_url: setup.public_url.unwrap_or_else(|| url.parse().unwrap()),
                limits: setup.limits,
            },
            connections: setup.connections,
        });
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(app, listener, shutdown.clone()));
        Self {
            url,
            store,
            script,
            account,
            shutdown,
            server,
            folder,
        }
    }

    /// Where it keeps what skills keep.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Stops as SIGTERM does, and returns when everything has drained.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        (&mut self.server).await.unwrap().unwrap();
    }

    /// A client with a new key of the first account.
    pub async fn client(&self, scopes: &[&str]) -> Client {
        self.client_of(&self.account, scopes).await
    }

    /// A client with a new key of a new account.
    pub async fn stranger(&self, scopes: &[&str]) -> Client {
        let account = self.store.create_account("Stranger").await.unwrap();
        self.client_of(&account.id, scopes).await
    }

    /// A client with a key that may do everything.
    pub async fn admin(&self) -> Client {
        self.client(&["admin"]).await
    }

    /// A client without a key.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url, None)
    }

    async fn client_of(&self, account: &str, scopes: &[&str]) -> Client {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let new = NewApiKey {
            label: "test".to_owned(),
            scopes,
            ..NewApiKey::default()
        };
        let issued = self
            .store
            .create_api_key(account, new)
            .await
            .unwrap()
            .unwrap();
        Client {
            key: Some(issued.plaintext.expose().to_owned()),
            account: account.to_owned(),
            ..self.anonymous()
        }
    }
}

/// What compiles and runs skills: in this process, with compiled code kept for all tests of the process.
fn runtime(state: PathBuf) -> Runtime {
    static CACHE: OnceLock<TempDir> = OnceLock::new();
    let dir = CACHE
        .get_or_init(|| tempfile::tempdir().unwrap())
        .path()
        .to_owned();
    let config = RuntimeConfig {
        cache: Some(Cache { dir, key: [7; 32] }),
        compiler: Compiler::InProcess,
        state_dir: Some(state),
        ..RuntimeConfig::default()
    };
    Runtime::new(config).unwrap()
}

/// Talks to the server with one key.
#[derive(Clone)]
pub struct Client {
    /// Where the server is.
    pub url: String,
    /// The API key.
    pub key: Option<String>,
    /// The key's account.
    pub account: String,
    http: reqwest::Client,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body; `null` when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The body's `data`, when the status is `status`.
    #[track_caller]
    pub fn data(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["data"].clone()
    }

    /// The error's message, when status and code are these and the envelope holds nothing else.
    #[track_caller]
    pub fn error(self, status: u16, code: &str) -> String {
        assert_eq!(
            (self.status, self.body["error"]["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        let message = self.body["error"]["message"].as_str().unwrap();
        assert_eq!(
            self.body,
            json!({ "error": { "code": code, "message": message } })
        );
        message.to_owned()
    }

    /// The error's message, when the status is `status` and the body is the refusal of a surface without codes.
    #[track_caller]
    pub fn tenant_error(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        let message = self.body["error"].as_str().unwrap();
        assert_eq!(self.body, json!({ "error": message }));
        message.to_owned()
    }

    /// The error's message, when status and code are these and the body is the refusal of a surface that says `success`.
    #[track_caller]
    pub fn authoring_error(self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        let message = self.body["error"]["message"].as_str().unwrap();
        assert_eq!(
            self.body,
            json!({ "success": false, "error": { "code": code, "message": message } })
        );
        message.to_owned()
    }

    /// A header's value.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no header {name}"))
            .to_str()
            .unwrap()
    }
}

impl Client {
    /// A client of the server at `url`; which account the key is of is the caller's to find out.
    pub fn new(url: &str, key: Option<&str>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            url: url.to_owned(),
            key: key.map(str::to_owned),
            account: String::new(),
            http,
        }
    }

    /// The same client, of a server that moved.
    pub fn at(self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self
        }
    }

    /// The same client, seen by the server at another address of this machine: limits by address are not shared with it.
    pub fn from_address(self, address: std::net::IpAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy();
        Self {
            http: http.local_address(address).build().unwrap(),
            ..self
        }
    }

    /// The same client with another credential: a token, in `Authorization: Bearer`.
    pub fn with_token(&self, token: &str) -> Self {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {token}");
        headers.insert(AUTHORIZATION, HeaderValue::try_from(bearer).unwrap());
        self.with_headers(headers)
    }

    /// The same client without a key, whose requests all carry these headers.
    pub fn with_headers(&self, headers: HeaderMap) -> Self {
        let http = reqwest::Client::builder().no_proxy();
        Self {
            http: http.default_headers(headers).build().unwrap(),
            key: None,
            ..self.clone()
        }
    }

    /// A request with the key in it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
        Answer {
            status,
            headers,
            body,
        }
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body))
            .await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Makes an agent that uses the server's default model; its id.
    pub async fn agent(&self) -> String {
        let agent = self
            .post("/v1/agents", json!({ "name": "Ada" }))
            .await
            .data(201);
        agent["id"].as_str().unwrap().to_owned()
    }

    /// Registers a publisher's key with the account.
    pub async fn register(&self, key: &SigningKey) -> Answer {
        let challenge = self.challenge().await;
        self.register_with(&self.prove(key, &challenge)).await
    }

    /// Asks for a nonce to register a publisher's key with: `nonce`, `audience`, `expiresAt`.
    pub async fn challenge(&self) -> Value {
        self.post("/v1/publisher-keys/challenge", json!({}))
            .await
            .data(201)
    }

    /// Proves possession of a key to whoever gave this challenge, at the moment at which it was given.
    pub fn prove(&self, key: &SigningKey, challenge: &Value) -> KeyProof {
        let expires_at: Timestamp = challenge["expiresAt"].as_str().unwrap().parse().unwrap();
        let lifetime = CHALLENGE_LIFETIME.as_micros() as i64;
        let issued_at = Timestamp::from_micros(expires_at.as_micros() - lifetime);
        let context = ProofContext {
            audience: challenge["audience"].as_str().unwrap(),
            account: &self.account,
            nonce: challenge["nonce"].as_str().unwrap(),
            issued_at: &issued_at.to_string(),
        };
        prove_possession(key, &context)
    }

    /// Registers a publisher's key by this proof.
    pub async fn register_with(&self, proof: &KeyProof) -> Answer {
        self.post("/v1/publisher-keys", serde_json::to_value(proof).unwrap())
            .await
    }

    /// Uploads a package.
    pub async fn upload(&self, package: &Package) -> Answer {
        self.upload_bytes(package.write().unwrap()).await
    }

    /// Uploads bytes as a package.
    pub async fn upload_bytes(&self, bytes: Vec<u8>) -> Answer {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("a.skill");
        let form = reqwest::multipart::Form::new().part("package", part);
        self.send(self.request(Method::POST, "/v1/skills").multipart(form))
            .await
    }

    /// Registers the key, uploads the package and installs it on the agent.
    pub async fn equip(&self, agent: &str, package: &Package, key: &SigningKey) {
        self.register(key).await.data(201);
        self.upload(package).await.data(201);
        let wish = json!({ "skillId": package.manifest.name, "trustLevel": "clawhub" });
        self.post(&format!("/v1/agents/{agent}/skills"), wish)
            .await
            .data(201);
    }

    /// Says something to an agent; the answer's head.
    pub async fn say(&self, agent: &str, body: Value) -> Response {
        let path = format!("/v1/agents/{agent}/chat/messages");
        self.request(Method::POST, &path)
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    /// Says something to an agent and gives the stream of what happens.
    pub async fn chat(&self, agent: &str, message: &str) -> Events {
        let response = self.say(agent, json!({ "message": message })).await;
        assert_eq!(response.status(), StatusCode::OK);
        Events::of(response)
    }
}
