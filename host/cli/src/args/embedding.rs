//! `serve`: what makes vectors of knowledge.

use clap::Args;
use skillgate_agent::embedding::MAX_DIMENSION;

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
    /// Where OpenAI's protocol for embeddings is spoken, without `/embeddings` at the end [default: https://api.openai.com/v1]. The key is in SKILLGATE_EMBEDDING_API_KEY.
    #[arg(long, env = environment::EMBEDDING_URL, hide_env_values = true, requires = "embedding_model", value_name = "URL")]
    pub(crate) embedding_url: Option<String>,
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
    use super::parse_dimensions;

    #[test]
    fn dimensions_are_bounded() {
        assert_eq!(parse_dimensions("1536"), Ok(1_536));
        for wrong in ["0", "4097", "-1", "many", ""] {
            assert!(parse_dimensions(wrong).unwrap_err().contains("1 to 4096"));
        }
    }
}
