//! Requests to a server, and what its answers mean for the exit code.

use anyhow::{Context, anyhow};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::args::Remote;
use crate::environment;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::origin;
use crate::output::plain;

/// Answers, streams aside, are read up to this many bytes.
const MAX_ANSWER: usize = 16 << 20;

/// One server, and the key to it.
pub(crate) struct Client {
    http: reqwest::Client,
    url: Url,
    key: Zeroizing<String>,
}

/// What wraps every success.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

impl Client {
    /// A client for the server that was chosen, with the key of `SKILLGATE_API_KEY`.
    ///
    /// # Errors
    /// The variable is not set, or the address is no HTTP address: exit code 2.
    pub(crate) fn new(remote: &Remote) -> Outcome<Self> {
        let key = environment::value(environment::API_KEY).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "no API key: set SKILLGATE_API_KEY (`skillgate api-key create` on the server's machine makes one)",
            )
        })?;
        let url = remote.url.clone();
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::new(
                Exit::Usage,
                format_args!("{url} is no http or https address"),
            ));
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("skillgate/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none());
        if origin::is_loopback(&url) {
            // A proxy for the world outside cannot reach this machine's own server.
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            url,
            key: key.into(),
        })
    }

    /// The server's address, for messages: as it was typed.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &Url {
        &self.url
    }

    /// `data` of a GET.
    ///
    /// # Errors
    /// As [`Self::send`], or the answer has another form.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Outcome<T> {
        self.data(self.request(Method::GET, path)?).await
    }

    /// `data` of a POST with a JSON body.
    ///
    /// # Errors
    /// As [`Self::send`], or the answer has another form.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &Value,
    ) -> Outcome<T> {
        self.data(self.request(Method::POST, path)?.json(body))
            .await
    }

    /// A request to the path made of `segments`; each is escaped, so that no argument reaches another path.
    ///
    /// # Errors
    /// The server's address cannot have a path.
    pub(crate) fn request(&self, method: Method, segments: &[&str]) -> Outcome<RequestBuilder> {
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| {
                Failure::new(
                    Exit::Usage,
                    format_args!("{} is no http or https address", self.url),
                )
            })?
            .pop_if_empty()
            .extend(segments);
        Ok(self
            .http
            .request(method, url)
            .header("X-Api-Key", self.key.as_str()))
    }

    /// `data` of the answer to a request.
    ///
    /// # Errors
    /// As [`Self::send`], or the answer has another form.
    pub(crate) async fn data<T: DeserializeOwned>(&self, request: RequestBuilder) -> Outcome<T> {
        let bytes = body(self.send(request).await?).await?;
        let envelope: Envelope<T> = serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "{} answered with something that is not Skillgate's",
                self.url
            )
        })?;
        Ok(envelope.data)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The server does not answer (exit code 5), does not accept the key (3), does not know the thing (4), or refuses
    /// for another reason (1), which it tells.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Outcome<Response> {
        let sent = request.send().await.map_err(reqwest::Error::without_url);
        let response = sent
            .with_context(|| {
                format!(
                    "{} does not answer: is the server running, and --url right?",
                    self.url
                )
            })
            .or_exit(Exit::Unreachable)?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(refusal(response).await),
        }
    }
}

/// The answer's body, never more than [`MAX_ANSWER`].
async fn body(mut response: Response) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.or_exit(Exit::Unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            return Err(Failure::new(
                Exit::Failure,
                format_args!("the answer is longer than {MAX_ANSWER} bytes"),
            ));
        }
    }
    Ok(bytes)
}

/// What the server said in its error envelope, with the exit code of its status.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let exit = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Refused,
        StatusCode::NOT_FOUND => Exit::NotFound,
        _ => Exit::Failure,
    };
    let body = body(response).await.unwrap_or_default();
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = match answer["error"]["message"].as_str() {
        Some(message) => plain(message),
        None => "no Skillgate server answers there".to_owned(),
    };
    Failure {
        exit,
        error: anyhow!("the server refused ({status}): {message}"),
    }
}

/// An agent as lists show it.
#[derive(Deserialize)]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Client {
    /// The agent with this id, or the only one with this name.
    ///
    /// # Errors
    /// There is none (exit code 4), or several have the name.
    pub(crate) async fn agent(&self, id_or_name: &str) -> Outcome<Agent> {
        let agents: Vec<Agent> = self.get(&["v1", "agents"]).await?;
        choose(agents, id_or_name)
    }
}

fn choose(agents: Vec<Agent>, id_or_name: &str) -> Outcome<Agent> {
    let (mut by_id, others): (Vec<_>, Vec<_>) =
        agents.into_iter().partition(|agent| agent.id == id_or_name);
    if let Some(agent) = by_id.pop() {
        return Ok(agent);
    }
    let mut named: Vec<_> = others
        .into_iter()
        .filter(|agent| agent.name == id_or_name)
        .collect();
    match (named.pop(), named.is_empty()) {
        (Some(agent), true) => Ok(agent),
        (Some(last), false) => {
            let ids: Vec<_> = named
                .iter()
                .chain([&last])
                .map(|agent| agent.id.as_str())
                .collect();
            Err(Failure::new(
                Exit::Usage,
                format_args!(
                    "several agents are named {id_or_name}: give an id: {}",
                    ids.join(", ")
                ),
            ))
        }
        (None, _) => Err(Failure::new(
            Exit::NotFound,
            format_args!("this account has no agent with the id or name {id_or_name}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Client {
        Client {
            http: reqwest::Client::new(),
            url: url.parse().unwrap(),
            key: "k".to_owned().into(),
        }
    }

    #[test]
    fn an_argument_cannot_leave_its_place_in_the_path() {
        let request = client("http://h/base/")
            .request(Method::GET, &["v1", "agents", "../a?b"])
            .unwrap();
        assert_eq!(
            request.build().unwrap().url().as_str(),
            "http://h/base/v1/agents/..%2Fa%3Fb"
        );
    }

    fn agents() -> Vec<Agent> {
        let agent = |id: &str, name: &str| Agent {
            id: id.to_owned(),
            name: name.to_owned(),
        };
        vec![agent("1", "Demo"), agent("2", "Twin"), agent("3", "Twin")]
    }

    #[test]
    fn agents_go_by_id_or_by_an_unambiguous_name() {
        assert_eq!(choose(agents(), "3").ok().unwrap().name, "Twin");
        assert_eq!(choose(agents(), "Demo").ok().unwrap().id, "1");
        let failure = choose(agents(), "Twin").err().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.error.to_string().contains("2, 3"));
        assert_eq!(choose(agents(), "demo").err().unwrap().exit, Exit::NotFound);
    }
}
