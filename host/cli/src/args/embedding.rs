//! `serve`: what makes vectors of knowledge.

use anyhow::ensure;
use clap::Args;
use skillgate_agent::embedding::{DEFAULT_BASE_URL, MAX_DIMENSION};
use url::Url;

use crate::environment;

/// The model that embeds knowledge. Without one it is found by words and their spelling alone, and no text leaves the server.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Knowledge")]
pub(crate) struct Embedding {
    /// The embedding model, by its provider's name for it, such as `text-embedding-3-small`. After a change, knowledge is embedded anew in the background.
    #[arg(long, env = environment::EMBEDDING_MODEL, requires = "embedding_dimensions", value_name = "NAME")]
    pub(crate) embedding_model: Option<String>,
    /// How many numbers the model's vectors have, such as 1536.
    #[arg(long, env = environment::EMBEDDING_DIMENSIONS, requires = "embedding_model", value_parser = parse_dimensions, value_name = "N")]
    pub(crate) embedding_dimensions: Option<usize>,
    /// Where OpenAI's protocol for embeddings is spoken, without `/embeddings` at the end [default: `https://api.openai.com/v1`]. The key is in SKILLGATE_EMBEDDING_API_KEY.
    #[arg(long, env = environment::EMBEDDING_URL, hide_env_values = true, requires = "embedding_model", value_name = "URL")]
    pub(crate) embedding_url: Option<String>,
}

impl Embedding {
    /// Where the model is asked; an address that may be shown.
    ///
    /// # Errors
    /// When it is none, or holds a user or a password.
    pub(crate) fn address(&self) -> anyhow::Result<&str> {
        let Some(address) = &self.embedding_url else {
            return Ok(DEFAULT_BASE_URL);
        };
        let is_plain = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
        };
        // It is not quoted: what is wrong with it may be a password.
        ensure!(
            Url::parse(address).is_ok_and(|url| is_plain(&url)),
            "--embedding-url: write an address such as http://127.0.0.1:11434/v1, without user, password and query; a key belongs into {}",
            environment::EMBEDDING_API_KEY
        );
        Ok(address)
    }
}

fn parse_dimensions(text: &str) -> Result<usize, String> {
    let wrong = || format!("write a whole number from 1 to {MAX_DIMENSION}");
    let dimensions = text.parse().map_err(|_| wrong())?;
    match (1..=MAX_DIMENSION).contains(&dimensions) {
        true => Ok(dimensions),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Embedding, parse_dimensions};

    #[test]
    fn dimensions_are_bounded() {
        assert_eq!(parse_dimensions("1536"), Ok(1_536));
        for wrong in ["0", "4097", "-1", "many", ""] {
            assert!(parse_dimensions(wrong).unwrap_err().contains("1 to 4096"));
        }
    }

    #[test]
    fn an_address_holds_no_credential() {
        let of = |url: Option<&str>| {
            let embedding_url = url.map(str::to_owned);
            let options = Embedding {
                embedding_url,
                ..Embedding::default()
            };
            options.address().map(str::to_owned)
        };
        assert_eq!(of(None).unwrap(), "https://api.openai.com/v1");
        assert_eq!(of(Some("http://[::1]:1/v1")).unwrap(), "http://[::1]:1/v1");
        for wrong in [
            "",
            "127.0.0.1:11434",
            "ftp://127.0.0.1/v1",
            "http://me:hunter2@127.0.0.1/v1",
            "http://127.0.0.1/v1?key=hunter2",
        ] {
            let told = of(Some(wrong)).unwrap_err().to_string();
            assert!(told.contains("SKILLGATE_EMBEDDING_API_KEY"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
