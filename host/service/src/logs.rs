//! Agents' logs: written in batches in the background, read back, followed live.

mod follow;
mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, LogLine, NewLogLine, Store, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use self::follow::{FollowFrom, Followed};
use self::queue::Shares;
use crate::config::{LogLimits, PageLimits};
use crate::places::WorkInProgress;
use crate::{Background, ServiceError};

/// The most bytes of a line, whoever writes it: what a guest prints is cut there too.
const LONGEST_LINE: usize = skillgate_runtime::MAX_LINE;
/// The most lines written at once, and read at once: a transaction of a millisecond or two, behind which a turn's commits
/// may have to wait, each anew.
const BATCH: usize = 128;
/// How long a line waits for others: each write is a commit, and the steps of runs stand in line behind it.
const GATHER: Duration = Duration::from_millis(50);
/// As many lines are read, and made a text of, in a millisecond or two.
const SMALL_TAIL: i64 = 500;
/// The most lines that one request for the past gets.
pub const MAX_TAIL_LINES: i64 = 10_000;

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
    shares: Arc<Shares>,
    news: Arc<Mutex<HashMap<String, watch::Sender<()>>>>,
    pages: PageLimits,
    places: Arc<WorkInProgress>,
    closing: CancellationToken,
}

impl Logs {
    /// Starts the task that writes; it ends when nothing can be written any more.
    pub(crate) fn start(
        store: Store,
        limits: LogLimits,
        pages: PageLimits,
        places: Arc<WorkInProgress>,
        background: &Background,
    ) -> Self {
        let (orders, inbox) = mpsc::channel(limits.in_all);
        let logs = Self {
            store,
            orders,
            shares: Arc::new(Shares::new(limits)),
            news: Arc::default(),
            pages,
            places,
            closing: background.closing().clone(),
        };
        let writer = Writer {
            store: logs.store.clone(),
            shares: logs.shares.clone(),
            news: logs.news.clone(),
        };
        tokio::spawn(writer.work(inbox));
        logs
    }

    /// Writes a line, soon, cut to 4 KiB. Never waits: a line that finds its agent's share of the queue full is dropped,
    /// and the agent's log says how many were.
    pub fn write(&self, owner: &LogOwner, level: LogLevel, message: &str) {
        if !self.shares.enter(owner) {
            return;
        }
        let line = NewLogLine {
            at: self.store.now(),
            level: word(level).to_owned(),
            message: one_line(message),
        };
        if self
            .orders
            .try_send(Order::Write(owner.clone(), line))
            .is_err()
        {
            self.shares.drop_one(owner);
        }
    }

    /// Returns when all lines written before are in the store.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// The last `count` lines of an agent's log as one text, oldest first; the newest of them where they are too long for one
    /// answer.
    pub async fn tail(&self, agent: &Agent, count: i64) -> Result<String, ServiceError> {
        // Before the place is taken: others must not wait for this agent's lines to be written.
        self.flush().await;
        let is_large = count > SMALL_TAIL;
        let _place = match is_large {
            true => Some(self.places.page_read(&agent.account_id).await?),
            false => None,
        };
        let (account, bytes) = (&agent.account_id, self.pages.log);
        let lines = self
            .store
            .tail_logs(account, &agent.id, count.clamp(0, MAX_TAIL_LINES), bytes)
            .await?;
        let text = move || lines.iter().map(|line| format_line(line) + "\n").collect();
        match is_large {
            true => spawn_blocking(text).await.map_err(ServiceError::internal),
            false => Ok(text()),
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
struct Writer {
    store: Store,
    shares: Arc<Shares>,
    news: Arc<Mutex<HashMap<String, watch::Sender<()>>>>,
}

impl Writer {
    async fn work(self, mut inbox: mpsc::Receiver<Order>) {
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
            let begun = Instant::now();
            for (owner, lines) in lines {
                self.write(&owner, lines).await;
            }
            let took = begun.elapsed();
            for done in flushed {
                let _ = done.send(()); // whoever waited may be gone
            }
            // However much is printed, half of the database's time for writing is left for the steps of runs.
            if inbox.len() >= BATCH {
                tokio::time::sleep(took).await;
            }
        }
    }

    async fn write(&self, owner: &LogOwner, mut lines: Vec<NewLogLine>) {
        if let Some(dropped) = self.shares.leave(owner, lines.len()) {
            tracing::warn!(
                agent = owner.agent,
                dropped,
                "log lines were dropped: they come faster than they can be written"
            );
            lines.push(NewLogLine {
                at: self.store.now(),
                level: word(LogLevel::Warn).to_owned(),
                message: format!(
                    "{dropped} lines dropped: they came faster than they could be written"
                ),
            });
        }
        if let Err(error) = self
            .store
            .append_logs(&owner.account, &owner.agent, &lines)
            .await
        {
            tracing::error!(%error, agent = owner.agent, lines = lines.len(), "log lines could not be written");
        }
        tell(&self.news, &owner.agent);
    }
}

/// One line stays one line, whatever a skill writes, and is at most [`LONGEST_LINE`] bytes long.
fn one_line(message: &str) -> String {
    let kept = &message[..message.floor_char_boundary(LONGEST_LINE)];
    let mut line: String = kept
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let left_out = message.len() - kept.len();
    if left_out > 0 {
        line.push_str(&format!(" … ({left_out} bytes more)"));
    }
    line
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

/// A line as the API shows it: `2026-02-10T14:00:05Z [info] Agent started`.
pub fn format_line(line: &LogLine) -> String {
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
    fn a_line_is_one_and_bounded() {
        assert_eq!(one_line("a\nb\u{1b}c"), "a b c");
        let long = one_line(&"é".repeat(5_000));
        assert!(long.ends_with("é … (5904 bytes more)"), "{long}");
        assert!(long.len() < LONGEST_LINE + 40);
    }

    #[test]
    fn a_line_is_shown_as_the_specification_has_it() {
        let at = Timestamp::from_micros(1_770_732_005_999_000);
        let line = LogLine {
            seq: 1,
            at,
            level: "info".into(),
            message: "Agent started".into(),
        };
        assert_eq!(
            format_line(&line),
            "2026-02-10T14:00:05Z [info] Agent started"
        );
    }
}
