//! Names the peer that an agent talks with.

use crate::ServiceError;
use crate::config::MAX_PEER_CHARS;
use crate::validate;

/// Prefix of the peer of a caller that names none; its API key's id follows.
const KEY_PEER: &str = "key:";

/// Maps the peer of a session to the one whose state (`kv` and `files` of skills) it reads and writes. Without a `peerId` that is the account's:
/// a new API key in place of an old one begins another session, and must not lose what skills keep.
pub(crate) fn state_peer(session_peer: &str) -> &str {
    match session_peer.starts_with(KEY_PEER) {
        true => "default",
        false => session_peer,
    }
}

/// Whom an agent talks with: the caller's customer, or the caller itself, known by its key.
pub(crate) struct Peer {
    /// As sessions keep it.
    pub(crate) name: String,
    /// Whether the caller named it.
    pub(crate) is_named: bool,
}

/// The peer of this `peerId`, or of the API key that asks.
///
/// # Errors
/// `Invalid` for an id that is empty or too long.
pub(crate) fn peer(id: Option<String>, key: &str) -> Result<Peer, ServiceError> {
    let Some(id) = id else {
        return Ok(Peer {
            name: format!("{KEY_PEER}{key}"),
            is_named: false,
        });
    };
    let id = validate::required("peerId", &id, MAX_PEER_CHARS)?;
    Ok(Peer {
        name: format!("peer:{id}"),
        is_named: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_never_is_a_key() {
        assert_ne!(
            peer(Some("k1".into()), "k1").unwrap().name,
            peer(None, "k1").unwrap().name
        );
        assert!(peer(Some(" ".into()), "k1").is_err());
    }

    #[test]
    fn state_outlives_a_key_and_is_a_named_peers_own() {
        let state_of = |id: Option<&str>, key| {
            let peer = peer(id.map(str::to_owned), key).unwrap();
            state_peer(&peer.name).to_owned()
        };
        assert_eq!(state_of(None, "k1"), state_of(None, "k2"));
        let named = ["ada", "default", "key:k1"].map(|id| state_of(Some(id), "k1"));
        assert!(!named.contains(&state_of(None, "k1")), "{named:?}");
        assert_eq!(state_of(Some("ada"), "k1"), state_of(Some("ada"), "k2"));
        assert_ne!(named[0], named[2]);
    }
}
