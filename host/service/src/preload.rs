//! Getting ready: skills are loaded before the first message asks for them.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use skillgate_store::{AgentToStart, Store};
use tokio_util::sync::CancellationToken;

use crate::ServiceError;
use crate::loaded_skills::LoadedSkills;

/// Agents whose skills are loaded at once.
const AT_ONCE: usize = 4;
/// Agents that are read at once.
const PAGE: i64 = 100;
/// How long readiness waits for skills to be loaded.
const READINESS_TIMEOUT: Duration = Duration::from_secs(5);

/// Calls `set_preloaded` when `load` has ended, however it ended, or had its time to. Readiness waits for that, within reason:
/// after an upgrade every skill is compiled anew, and what is not loaded yet is loaded when it is called.
pub(crate) async fn when_loaded(
    load: impl Future<Output = ()>,
    set_preloaded: impl Fn(),
    closing: &CancellationToken,
) {
    let late = async {
        tokio::time::sleep(READINESS_TIMEOUT).await;
        set_preloaded();
        std::future::pending().await
    };
    tokio::select! {
        loaded = AssertUnwindSafe(load).catch_unwind() => {
            if loaded.is_err() {
                tracing::error!("loading the skills of agents panicked; they are loaded when they are called");
            }
            set_preloaded();
        }
        () = late => {}
        () = closing.cancelled() => {}
    }
}

/// Loads the skills of all agents that run, one page of them after the other, so that their first messages need not wait. It ends when there is no room for more code: what is loaded
/// then would only push out what was loaded before.
pub(crate) async fn preload(store: &Store, skills: &LoadedSkills) {
    let mut last: Option<AgentToStart> = None;
    while !skills.is_full() {
        let page = match store.agents_to_start(last.as_ref(), PAGE).await {
            Ok(page) => page,
            Err(error) => return tracing::error!(%error, "the agents could not be listed"),
        };
        let loaded = futures::stream::iter(&page);
        loaded
            .for_each_concurrent(AT_ONCE, |agent| load_skills_of(skills, agent))
            .await;
        match page.into_iter().next_back() {
            Some(agent) => last = Some(agent),
            None => return,
        }
    }
    tracing::info!(
        "there is no room for the skills of further agents; they are loaded when they are called"
    );
}

/// In a task of its own: a panic over one agent's skills is an error about that agent, and the others are loaded.
async fn load_skills_of(skills: &LoadedSkills, agent: &AgentToStart) {
    let load = {
        let (skills, agent) = (skills.clone(), agent.clone());
        async move { skills.of(&agent.account_id, &agent.id).await.map(drop) }
    };
    let loaded = tokio::spawn(load).await;
    if let Err(error) = loaded.unwrap_or_else(|lost| Err(ServiceError::internal(lost))) {
        tracing::warn!(
            error = error.chain(),
            agent = agent.id,
            "the skills of an agent could not be loaded"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_panic_does_not_keep_the_server_from_being_ready() {
        let warm = AtomicBool::new(false);
        let set_preloaded = || warm.store(true, Ordering::Relaxed);
        let broken = async { panic!("a skill that the engine can't take") };
        when_loaded(broken, set_preloaded, &CancellationToken::new()).await;
        assert!(warm.load(Ordering::Relaxed));
    }
}
