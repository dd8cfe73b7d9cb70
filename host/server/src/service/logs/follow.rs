//! Following a log live: a reader that is slow holds a few lines, not all that it has still to read.

use std::collections::VecDeque;

use futures::Stream;
use skillgate_store::{Agent, LogLine};
use tokio::sync::watch;

use super::{BATCH, LogOwner};
use crate::{ApiError, App};

/// The last `count` lines, then every further one as it comes, until the agent is deleted or the server closes.
pub async fn follow(
    app: &App,
    agent: &Agent,
    count: i64,
) -> Result<impl Stream<Item = LogLine> + use<>, ApiError> {
    let news = app.logs().watch(&agent.id);
    app.logs().flush().await;
    let newest = app
        .store()
        .last_log_number(&agent.account_id, &agent.id)
        .await?;
    let last = newest.saturating_sub(count).max(0);
    let reader = Reader {
        app: app.clone(),
        owner: agent.into(),
        news,
        last,
        lines: VecDeque::new(),
        behind: newest > last,
    };
    Ok(futures::stream::unfold(reader, async |mut reader| {
        reader.next().await.map(|line| (line, reader))
    }))
}

/// Where a follower is in a log.
struct Reader {
    app: App,
    owner: LogOwner,
    news: watch::Receiver<()>,
    last: i64,
    lines: VecDeque<LogLine>,
    /// Whether there may be more lines than were read.
    behind: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<LogLine> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                self.last = line.seq;
                return Some(line);
            }
            if !self.behind {
                self.app
                    .closing()
                    .run_until_cancelled(self.news.changed())
                    .await?
                    .ok()?;
            }
            self.lines = self.read().await?.into();
            self.behind = !self.lines.is_empty();
        }
    }

    /// Some of what came since; `None` when the agent is no more.
    async fn read(&self) -> Option<Vec<LogLine>> {
        let LogOwner { account, agent } = &self.owner;
        let store = self.app.store();
        let bytes = self.app.limits().pages.followed;
        let lines = store
            .logs_after(account, agent, self.last, BATCH as i64, bytes)
            .await;
        match lines {
            Ok(lines) if lines.is_empty() => {
                store.has_agent(account, agent).await.ok()?.then_some(lines)
            }
            Ok(lines) => Some(lines),
            Err(error) => {
                // The stream lives as long as the agent: the next line tries again.
                tracing::error!(%error, agent, "a log could not be read");
                Some(Vec::new())
            }
        }
    }
}
