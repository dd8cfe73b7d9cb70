//! Agents' logs: written in batches in the background, read back, followed live.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::Stream;
use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, LogLine, NewLogLine, Store, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::{ApiError, App};

/// Lines that wait to be written; more are dropped, with a note.
const WAITING: usize = 8_192;
/// The most lines written at once, and read at once.
const BATCH: usize = 500;
/// How long a line waits for others: each write is a commit, and the steps of runs stand in line behind it.
const GATHER: Duration = Duration::from_millis(50);
/// The most lines that one request for the past gets.
pub const MOST: i64 = 10_000;

/// Whose log a line goes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogOwner {
    /// The account.
    pub account: String,
    /// Its agent.
    pub agent: String,
}

impl From<&Agent> for LogOwner {
    fn from(agent: &Agent) -> Self {
        Self {
            account: agent.account_id.clone(),
            agent: agent.id.clone(),
        }
    }
}

enum Order {
    Write(LogOwner, NewLogLine),
    Flush(oneshot::Sender<()>),
}

/// The way into all logs.
#[derive(Clone)]
pub struct Logs {
    store: Store,
    orders: mpsc::Sender<Order>,
    news: Arc<Mutex<HashMap<String, watch::Sender<()>>>>,
}

impl Logs {
    /// Starts the task that writes.
    pub(crate) fn start(store: Store) -> Self {
        let (orders, inbox) = mpsc::channel(WAITING);
        let logs = Self {
            store,
            orders,
            news: Arc::default(),
        };
        tokio::spawn(work(logs.store.clone(), logs.news.clone(), inbox));
        logs
    }

    /// Writes a line, soon. Never waits: a line that finds the queue full is dropped and the server's log says so.
    pub fn write(&self, owner: &LogOwner, level: LogLevel, message: &str) {
        // One line stays one line, whatever a skill writes.
        let message = message
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let line = NewLogLine {
            at: self.store.now(),
            level: word(level).to_owned(),
            message,
        };
        if self
            .orders
            .try_send(Order::Write(owner.clone(), line))
            .is_err()
        {
            tracing::warn!(
                agent = owner.agent,
                "a log line was dropped: lines come faster than they can be written"
            );
        }
    }

    /// Returns when all lines written before are in the store.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// Wakes those who follow this agent's log: there are lines, or the agent is no more.
    pub(crate) fn wake(&self, agent: &str) {
        tell(&self.news, agent);
    }

    fn watch(&self, agent: &str) -> watch::Receiver<()> {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.entry(agent.to_owned()).or_default().subscribe()
    }
}

/// Writes lines soon after they come, as many at once as have come by then.
async fn work(
    store: Store,
    news: Arc<Mutex<HashMap<String, watch::Sender<()>>>>,
    mut inbox: mpsc::Receiver<Order>,
) {
    let mut orders = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut orders, BATCH).await > 0 {
        gather(&mut inbox, &mut orders).await;
        let mut lines: HashMap<LogOwner, Vec<NewLogLine>> = HashMap::new();
        let mut flushed = Vec::new();
        for order in orders.drain(..) {
            match order {
                Order::Write(owner, line) => lines.entry(owner).or_default().push(line),
                Order::Flush(done) => flushed.push(done),
            }
        }
        for (owner, lines) in lines {
            if let Err(error) = store
                .append_logs(&owner.account, &owner.agent, &lines)
                .await
            {
                tracing::error!(%error, agent = owner.agent, lines = lines.len(), "log lines could not be written");
            }
            tell(&news, &owner.agent);
        }
        for done in flushed {
            let _ = done.send(()); // whoever waited may be gone
        }
    }
}

/// Waits for further lines: a while, or until somebody wants to read them, or there are enough.
async fn gather(inbox: &mut mpsc::Receiver<Order>, orders: &mut Vec<Order>) {
    let wanted = |order: &Order| matches!(order, Order::Flush(_));
    let until = Instant::now() + GATHER;
    let mut enough = orders.iter().any(wanted);
    while !enough && orders.len() < BATCH {
        let Ok(Some(order)) = timeout_at(until, inbox.recv()).await else {
            return;
        };
        enough = wanted(&order);
        orders.push(order);
    }
}

/// Wakes those who follow an agent's log, and forgets the agent when nobody does.
fn tell(news: &Mutex<HashMap<String, watch::Sender<()>>>, agent: &str) {
    let mut news = news.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = news.get(agent)
        && sender.send(()).is_err()
    {
        news.remove(agent);
    }
}

/// The last `count` lines of an agent's log, oldest first.
pub async fn tail(app: &App, agent: &Agent, count: i64) -> Result<Vec<LogLine>, ApiError> {
    app.logs().flush().await;
    Ok(app
        .store()
        .tail_logs(&agent.account_id, &agent.id, count.clamp(0, MOST))
        .await?)
}

/// The last `count` lines, then every further one as it comes, until the agent is deleted or the server closes.
pub async fn follow(
    app: &App,
    agent: &Agent,
    count: i64,
) -> Result<impl Stream<Item = LogLine> + use<>, ApiError> {
    let news = app.logs().watch(&agent.id);
    let past = tail(app, agent, count).await?;
    let reader = Reader {
        app: app.clone(),
        owner: agent.into(),
        news,
        last: 0,
        lines: past.into(),
        behind: false,
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
            self.behind = self.lines.len() == BATCH;
        }
    }

    /// What came since; `None` when the agent is no more.
    async fn read(&self) -> Option<Vec<LogLine>> {
        let LogOwner { account, agent } = &self.owner;
        let store = self.app.store();
        let lines = store
            .logs_after(account, agent, self.last, BATCH as i64)
            .await;
        match lines {
            Ok(lines) if lines.is_empty() => {
                store.get_agent(account, agent).await.ok()?.map(|_| lines)
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

/// A line as the API shows it: `2026-02-10T14:00:05Z [info] Agent started`.
pub fn show(line: &LogLine) -> String {
    let at =
        Timestamp::from_micros(line.at.as_micros() - line.at.as_micros().rem_euclid(1_000_000))
            .to_string();
    format!(
        "{} [{}] {}",
        at.replace(".000Z", "Z"),
        line.level,
        line.message
    )
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_as_the_specification_has_it() {
        let at = Timestamp::from_micros(1_770_732_005_999_000);
        let line = LogLine {
            seq: 1,
            at,
            level: "info".into(),
            message: "Agent started".into(),
        };
        assert_eq!(show(&line), "2026-02-10T14:00:05Z [info] Agent started");
    }
}
