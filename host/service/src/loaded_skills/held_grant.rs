//! What a skill may do on an agent, as it was read last; and whether that still holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use skillgate_runtime::GrantState;
use skillgate_skill::Permissions;
use skillgate_store::{Grant, GrantMode, GrantedSkill, Timestamp};

/// After this time a grant that is in use is read again: another process may have changed it, and what it changed must hold
/// here within a second.
pub(super) const GRANT_TTL: Duration = Duration::from_millis(900);

/// A grant in use. Without one a skill may do nothing: its state is then revoked.
#[derive(Clone)]
pub(crate) struct HeldGrant {
    /// What is granted.
    pub permissions: Arc<Permissions>,
    /// Whether it still is: taken back when the grant is narrowed, revoked or expired, or the version is not on the agent any more.
    pub state: GrantState,
    /// The grant; `None` when there is none.
    pub grant_id: Option<String>,
    /// Whether calls wait for a person.
    pub mode: GrantMode,
    expires_at: Option<Timestamp>,
    /// When it was read; `None` when it was changed since.
    read_at: Option<Instant>,
}

impl HeldGrant {
    /// As the store has it now.
    pub(super) fn of(grant: Option<Grant>) -> Self {
        let Some(grant) = grant else {
            return Self::none();
        };
        Self {
            permissions: Arc::new(grant.permissions),
            state: GrantState::default(),
            grant_id: Some(grant.id),
            mode: grant.mode,
            expires_at: grant.expires_at,
            read_at: Some(Instant::now()),
        }
    }

    /// As it was read with the agent's other skills.
    pub(super) fn of_skill(found: &GrantedSkill) -> Self {
        let Some(grant_id) = found.grant_id.clone() else {
            return Self::none();
        };
        Self {
            permissions: Arc::new(found.permissions.clone()),
            state: GrantState::default(),
            grant_id: Some(grant_id),
            mode: found.mode,
            expires_at: found.expires_at,
            read_at: Some(Instant::now()),
        }
    }

    fn none() -> Self {
        let state = GrantState::default();
        state.revoke();
        Self {
            permissions: Arc::default(),
            state,
            grant_id: None,
            mode: GrantMode::Allow,
            expires_at: None,
            read_at: Some(Instant::now()),
        }
    }

    /// Whether both permit the same, by the same grant.
    pub(super) fn permits_as(&self, other: &Self) -> bool {
        self.grant_id == other.grant_id && self.permissions == other.permissions
    }

    /// How long it may be used at `now` without being read again; `None` when it has to be read at once.
    fn fresh_for(&self, now: Timestamp) -> Option<Duration> {
        let left = GRANT_TTL.checked_sub(self.read_at?.elapsed())?;
        let Some(expires_at) = self.expires_at else {
            return Some(left);
        };
        let micros = expires_at.as_micros().saturating_sub(now.as_micros());
        let micros = u64::try_from(micros).ok().filter(|micros| *micros > 0)?;
        Some(left.min(Duration::from_micros(micros)))
    }
}

/// The grant of one skill on one agent, shared by all runs that use the same list of skills.
pub(super) struct GrantCell(Mutex<HeldGrant>);

impl GrantCell {
    pub(super) fn new(held: HeldGrant) -> Self {
        Self(Mutex::new(held))
    }

    /// The grant as it was read last.
    pub(super) fn held(&self) -> HeldGrant {
        self.lock().clone()
    }

    /// The grant, and for how long it may be used at `now`; `None` when it has to be read again.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<(HeldGrant, Duration)> {
        let held = self.lock();
        let left = held.fresh_for(now)?;
        Some((held.clone(), left))
    }

    /// Puts what was read in the place of what there is, unless `is_current` says that something was changed meanwhile; whether
    /// it did. Calls under the old grant end where it does not permit the same.
    pub(super) fn replace(&self, mut read: HeldGrant, is_current: impl FnOnce() -> bool) -> bool {
        let mut held = self.lock();
        if !is_current() {
            return false;
        }
        match held.permits_as(&read) && !held.state.is_revoked() {
            true => read.state = held.state.clone(),
            false => held.state.revoke(),
        }
        *held = read;
        true
    }

    /// Whether it is this grant.
    pub(super) fn is(&self, grant_id: &str) -> bool {
        self.lock().grant_id.as_deref() == Some(grant_id)
    }

    /// Takes the grant back: calls under it end, the next one reads it again.
    pub(super) fn revoke(&self) {
        let mut held = self.lock();
        held.read_at = None;
        held.state.revoke();
    }

    /// Has the grant read again at its next use; calls under it go on until then.
    pub(super) fn expire(&self) {
        self.lock().read_at = None;
    }

    fn lock(&self) -> MutexGuard<'_, HeldGrant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
