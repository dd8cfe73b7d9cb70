//! Following a log live: a reader that is slow holds a few lines, not all that it has still to read.

use std::collections::VecDeque;
use std::time::Duration;

use futures::Stream;
use skillgate_runtime::Place;
use skillgate_store::{Agent, LogLine, StoreError};
use tokio::sync::watch;

use super::{BATCH, LogOwner, Logs};
use crate::ServiceError;

/// How long a follower waits after a failed read.
const PAUSE: Duration = Duration::from_secs(1);

/// Where a follower begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowFrom {
    /// So many lines before the newest.
    Last(i64),
    /// Behind the line of this number, which the follower has.
    After(i64),
}

/// What a follower is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Followed {
    /// A line.
    Line(LogLine),
    /// Lines that it had not read were dropped: the log keeps only the newest.
    Gone {
        /// The number of the oldest line that there is.
        first_kept: i64,
    },
}

impl Logs {
    /// Lines of an agent's log from a place on, then every further one as it comes, until the agent is deleted or the server
    /// closes.
    ///
    /// # Errors
    /// Unavailable when the account follows as many logs as it may.
    pub async fn follow(
        &self,
        agent: &Agent,
        from: FollowFrom,
    ) -> Result<impl Stream<Item = Followed> + Send + use<>, ServiceError> {
        let place = self
            .places
            .streams
            .take(&agent.account_id)
            .await
            .map_err(|_| {
                ServiceError::unavailable(
                    "Too many logs of this account are followed. Close one of them.",
                )
            })?;
        let news = self.watch(&agent.id);
        self.flush().await;
        let newest = self
            .store
            .last_log_number(&agent.account_id, &agent.id)
            .await?;
        let (last, expects_next) = match from {
            FollowFrom::Last(count) => (newest.saturating_sub(count).max(0), false),
            FollowFrom::After(number) => (number.min(newest), true),
        };
        let reader = Reader {
            logs: self.clone(),
            _place: place,
            owner: agent.into(),
            news,
            last,
            expects_next,
            lines: VecDeque::new(),
            behind: newest > last,
        };
        Ok(futures::stream::unfold(reader, async |mut reader| {
            reader.next().await.map(|followed| (followed, reader))
        }))
    }
}

/// Where a follower is in a log.
struct Reader {
    logs: Logs,
    _place: Place,
    owner: LogOwner,
    news: watch::Receiver<()>,
    /// The number of the last line that it has.
    last: i64,
    /// Whether it is to be told when the line that follows is not kept any more.
    expects_next: bool,
    lines: VecDeque<LogLine>,
    /// Whether there may be more lines than were read.
    behind: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Followed> {
        loop {
            if let Some(first) = self.lines.front().map(|line| line.seq) {
                let is_gap =
                    std::mem::replace(&mut self.expects_next, true) && first > self.last + 1;
                if is_gap {
                    self.last = first - 1;
                    return Some(Followed::Gone { first_kept: first });
                }
            }
            if let Some(line) = self.lines.pop_front() {
                self.last = line.seq;
                return Some(Followed::Line(line));
            }
            if !self.behind {
                self.logs
                    .closing
                    .run_until_cancelled(self.news.changed())
                    .await?
                    .ok()?;
            }
            match self.read().await? {
                Ok(lines) => {
                    self.behind = !lines.is_empty();
                    self.lines = lines.into();
                }
                Err(error) => {
                    tracing::error!(%error, agent = self.owner.agent, "a log could not be read");
                    self.behind = true;
                    let pause = tokio::time::sleep(PAUSE);
                    self.logs.closing.run_until_cancelled(pause).await?;
                }
            }
        }
    }

    /// Some of what came since; `None` when the agent is no more. What cannot be read now is read again after a pause: the
    /// stream lives as long as the agent.
    async fn read(&self) -> Option<Result<Vec<LogLine>, StoreError>> {
        let LogOwner { account, agent } = &self.owner;
        let store = &self.logs.store;
        let bytes = self.logs.pages.followed;
        let lines = store
            .logs_after(account, agent, self.last, BATCH as i64, bytes)
            .await;
        match lines {
            Ok(lines) if lines.is_empty() => {
                let exists = store.has_agent(account, agent).await;
                exists.map(|exists| exists.then(Vec::new)).transpose()
            }
            read => Some(read),
        }
    }
}
