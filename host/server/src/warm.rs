//! Getting ready: skills are loaded before the first message asks for them.

use std::time::Duration;

use futures::StreamExt;
use skillgate_store::Agent;

use crate::App;

/// Agents whose skills are loaded at once.
const AT_ONCE: usize = 4;
/// How long readiness waits for skills to be loaded.
const PATIENCE: Duration = Duration::from_secs(5);

/// Loads the skills of all agents that run, so that their first messages need not wait. Readiness waits for that, within
/// reason: after an upgrade every skill is compiled anew, and what is not loaded yet is loaded when it is called.
pub(crate) async fn warm(app: App) {
    let late = async {
        tokio::time::sleep(PATIENCE).await;
        app.set_warm();
        std::future::pending().await
    };
    tokio::select! {
        () = load_skills(&app) => app.set_warm(),
        () = late => {}
        () = app.closing().cancelled() => {}
    }
}

async fn load_skills(app: &App) {
    match app.store().agents_to_start().await {
        Ok(agents) => {
            let load = async |agent: &Agent| {
                if let Err(error) = app.shelf().of_agent(agent).await {
                    tracing::warn!(
                        error = error.chain(),
                        agent = agent.id,
                        "the skills of an agent could not be loaded"
                    );
                }
            };
            futures::stream::iter(&agents)
                .for_each_concurrent(AT_ONCE, load)
                .await;
        }
        Err(error) => tracing::error!(%error, "the agents could not be listed"),
    }
}
