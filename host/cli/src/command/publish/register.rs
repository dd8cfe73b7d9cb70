//! Registering the key that signed with the account that publishes.

use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_skill::{ProofContext, prove_possession};
use skillgate_store::system_clock;
use url::Url;

use crate::args::KeyChoice;
use crate::client::Client;
use crate::exit::{Exit, Failure, Outcome};
use crate::origin;
use crate::output::{Output, plain};

#[derive(Deserialize)]
struct Account {
    id: String,
}

/// What the server wants signed.
#[derive(Deserialize)]
struct Challenge {
    nonce: String,
    audience: String,
}

/// Registers the public key with the account, by a proof that only the private key can make. Says for which registry
/// and account before it signs.
///
/// # Errors
/// The key is not one of `signers`, or the server wants a proof for another server: exit code 3.
pub(super) async fn register(
    client: &Client,
    choice: &KeyChoice,
    signers: &[String],
    output: &Output,
) -> Outcome {
    let key = choice.open()?;
    let id = skillgate_skill::key_id(&key.verifying_key()).to_string();
    if !signers.contains(&id) {
        return Err(Failure::new(
            Exit::Refused,
            format_args!(
                "the package is signed by {}, and the account knows no such key; yours is {id}: sign the package with it",
                signers.join(", ")
            ),
        ));
    }
    let account: Account = client.get(&["v1", "account"]).await?;
    let challenge: Challenge = client
        .post(&["v1", "publisher-keys", "challenge"], &json!({}))
        .await?;
    check_audience(client.address(), &challenge.audience)?;
    let (audience, account_shown) = (plain(&challenge.audience), plain(&account.id));
    output.note(format_args!(
        "first publish with this key: signing that {id} is yours, for the registry {audience}, account {account_shown}"
    ));
    let context = ProofContext {
        audience: &challenge.audience,
        account: &account.id,
        nonce: &challenge.nonce,
        issued_at: &system_clock()().to_string(),
    };
    let body = serde_json::to_value(prove_possession(&key, &context))?;
    let _registered: Value = client.post(&["v1", "publisher-keys"], &body).await?;
    output.note(format_args!("registered {id} with account {account_shown}"));
    Ok(())
}

/// Refuses to sign for another server than the one that was chosen. A server that passes another's challenge on wants
/// the key registered there, with an account of its own.
fn check_audience(chosen: &Url, audience: &str) -> Outcome {
    let is_chosen = Url::parse(audience).is_ok_and(|audience| origin::is_same(chosen, &audience));
    if is_chosen {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        format_args!(
            "the server at {chosen} asks for a proof that your key is yours, for another server: {}. With it, somebody \
             else could register your key there. Nothing was signed. If that is the server that you mean, give its \
             address with --url; if both are the same server, its operator must start it with --public-url {}",
            plain(audience),
            chosen.origin().ascii_serialization()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_signed_for_another_server() {
        let chosen = "https://skills.example.com/base".parse().unwrap();
        assert!(check_audience(&chosen, "https://skills.example.com").is_ok());
        for audience in [
            "https://evil.example",
            "https://skills.example.com.evil.example",
            "http://skills.example.com",
            "skills.example.com",
            "",
        ] {
            let failure = check_audience(&chosen, audience).err().unwrap();
            assert_eq!(failure.exit, Exit::Refused);
            let text = failure.error.to_string();
            assert!(
                text.contains("--url") && text.contains("--public-url"),
                "{text}"
            );
        }
    }
}
