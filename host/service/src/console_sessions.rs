//! Sessions of the console: a browser logs in with an API key and keeps a cookie that no script can read.

use std::sync::Arc;
use std::time::Duration;

use skillgate_store::{SecretText, Store, Timestamp};

use crate::config::{CONSOLE_SESSION_LIFETIME, MAX_CONSOLE_SESSIONS};
use crate::credentials::{CallerCache, Credential, KnownCaller};
use crate::{Actor, PublicUrl, ServiceError};

/// A session just opened.
#[derive(Debug)]
pub struct OpenedSession {
    /// The value of the cookie, shown nowhere else.
    pub cookie: SecretText,
    /// What calls that write have to carry beside the cookie.
    pub csrf_token: SecretText,
    /// When it ends, if its API key does not end sooner.
    pub expires_at: Timestamp,
    /// How long that is.
    pub lifetime: Duration,
}

/// Sessions of the console.
pub struct ConsoleSessions {
    store: Store,
    callers: Arc<CallerCache>,
    is_public_https: bool,
}

impl ConsoleSessions {
    pub(crate) fn new(store: Store, callers: Arc<CallerCache>, public_url: &PublicUrl) -> Self {
        Self {
            store,
            callers,
            is_public_https: public_url.as_str().starts_with("https://"),
        }
    }

    /// Whether browsers reach this server over https, so that the cookie can be kept from any other connection.
    pub fn over_https(&self) -> bool {
        self.is_public_https
    }

    /// Logs in with an API key. Of more than [`MAX_CONSOLE_SESSIONS`] of one key the oldest end.
    ///
    /// # Errors
    /// `Forbidden` with anything but an API key: a session must not outlive what it was opened with.
    pub async fn log_in(&self, caller: &KnownCaller) -> Result<OpenedSession, ServiceError> {
        if !matches!(caller.credential, Credential::ApiKey) {
            return Err(ServiceError::forbidden(
                "Log in with an API key: tokens and sessions open no session.",
            ));
        }
        let now = self.store.now().as_micros();
        let lifetime = i64::try_from(CONSOLE_SESSION_LIFETIME.as_micros()).unwrap_or(i64::MAX);
        let end = Timestamp::from_micros(now.saturating_add(lifetime));
        let end = caller.expires_at.map_or(end, |key| key.min(end));
        let actor = &caller.actor;
        let issued = self
            .store
            .open_console_session(&actor.account, &actor.key, end, MAX_CONSOLE_SESSIONS)
            .await?;
        self.callers.note_issued(&issued.token).await;
        let left = u64::try_from(end.as_micros().saturating_sub(now)).unwrap_or(0);
        Ok(OpenedSession {
            csrf_token: self.store.csrf_token(issued.token.expose()),
            cookie: issued.token,
            expires_at: end,
            lifetime: Duration::from_micros(left),
        })
    }

    /// Ends the session that a cookie holds: at once here, and within a second in every other process.
    ///
    /// # Errors
    /// `NotFound` when there is no such session, or it is another account's.
    pub async fn log_out(&self, actor: &Actor, cookie: &str) -> Result<(), ServiceError> {
        let ended = self
            .store
            .end_console_session(&actor.account, cookie)
            .await?;
        if ended {
            Ok(())
        } else {
            Err(ServiceError::not_found("session"))
        }
    }
}
