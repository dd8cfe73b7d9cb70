//! The limits of one call, and how each is noticed: memory and tables through wasmtime's limiter,
//! time and host calls at every epoch, output after the call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use skillgate_skill::{Denial, Limits};
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::config::OperatorLimits;
use crate::engine::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_MEMORY, MAX_TABLE_ELEMENTS, MAX_TABLES};
use crate::epoch_ticker::EpochTicks;
use crate::host_memory::{HeldMemory, NoMemory};
use crate::outcome::LimitHit;
use crate::receipt::CallRecord;

/// What one call may use: the manifest's ask, at most the operator's.
#[derive(Debug, Clone)]
pub(crate) struct CallLimits {
    pub(crate) timeout: Duration,
    pub(crate) memory: u64,
    pub(crate) output: u64,
    pub(crate) arguments: u64,
    pub(crate) host_calls: u64,
    pub(crate) log_lines: u64,
    pub(crate) handles: usize,
}

impl CallLimits {
    pub(crate) fn new(asked: &Limits, operator: &OperatorLimits) -> Self {
        let memory = operator.memory.min(MAX_MEMORY);
        Self {
            timeout: asked
                .timeout
                .map_or(operator.timeout, |asked| asked.min(operator.timeout)),
            memory: asked.memory.map_or(memory, |asked| asked.min(memory)),
            output: asked
                .output
                .map_or(operator.output, |asked| asked.min(operator.output)),
            arguments: operator.arguments,
            host_calls: operator.host_calls,
            log_lines: operator.log_lines,
            handles: operator.handles,
        }
    }
}

/// Why the host ended a call. Travels as the cause of a trap.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Stop {
    #[error("{0}")]
    Limit(LimitHit),
    #[error("{0}")]
    Denied(Denial),
    #[error("the call was cancelled")]
    Cancelled,
}

impl Stop {
    pub(crate) fn limit(name: &'static str, value: impl Into<String>) -> Self {
        Self::Limit(LimitHit {
            name,
            value: value.into(),
        })
    }

    pub(crate) fn timeout(limit: Duration) -> Self {
        Self::limit("timeout", format!("{limit:?}"))
    }
}

/// Counts what one call uses.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: CallLimits,
    ends: Instant,
    host_calls: u64,
    /// The guest's part of what all guests may hold.
    memory: HeldMemory,
    record: Arc<CallRecord>,
    /// Why memory was refused first, if it was.
    memory_stop: Option<Stop>,
    /// Keeps the clock ticking that interrupts the guest.
    _ticks: EpochTicks,
}

impl Meter {
    pub(crate) fn new(
        limits: CallLimits,
        begun: Instant,
        memory: HeldMemory,
        record: Arc<CallRecord>,
        ticks: EpochTicks,
    ) -> Self {
        let ends = begun + limits.timeout;
        Self {
            limits,
            ends,
            host_calls: 0,
            memory,
            record,
            memory_stop: None,
            _ticks: ticks,
        }
    }

    pub(crate) fn limits(&self) -> &CallLimits {
        &self.limits
    }

    /// The limit on memory that was reached, when the guest was refused memory at least once.
    pub(crate) fn memory_stop(&self) -> Option<Stop> {
        self.memory_stop.clone()
    }

    /// Takes memory, of the call's own limit and of what all guests may hold.
    fn grow(&mut self, desired: u64) -> Result<(), Stop> {
        if desired > self.limits.memory {
            return Err(Stop::limit("memory", bytes(self.limits.memory)));
        }
        self.memory.grow(desired).map_err(no_memory)?;
        self.record.holds(desired);
        Ok(())
    }

    /// Counts a call into the host. The excess is noticed at the next epoch.
    pub(crate) fn count_host_call(&mut self) {
        self.host_calls += 1;
    }

    /// Runs at every epoch: ends the call, or lets other tasks run and goes on.
    pub(crate) fn on_epoch(&self) -> wasmtime::Result<UpdateDeadline> {
        if Instant::now() >= self.ends {
            return Err(Stop::timeout(self.limits.timeout).into());
        }
        if self.host_calls > self.limits.host_calls {
            return Err(Stop::limit("host-calls", self.limits.host_calls.to_string()).into());
        }
        Ok(UpdateDeadline::Yield(1))
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        match self.grow(desired as u64) {
            Ok(()) => Ok(true),
            Err(stop) => {
                self.memory_stop.get_or_insert(stop);
                Ok(false)
            }
        }
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }
}

/// The limit that guests reach together, with what to do.
fn no_memory(reached: NoMemory) -> Stop {
    let value = match reached {
        NoMemory::Account(share) => format!(
            "{} for all calls of one account together; run fewer at once",
            bytes(share)
        ),
        NoMemory::Host(total) => format!(
            "{} for all skills on this host together; try again when fewer run",
            bytes(total)
        ),
    };
    Stop::limit("host-memory", value)
}

/// A number of bytes for people: `64 MiB`, `256 KiB`, `100 bytes`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        c if c >= 1 << 20 && c.is_multiple_of(1 << 20) => format!("{} MiB", c >> 20),
        c if c >= 1 << 10 && c.is_multiple_of(1 << 10) => format!("{} KiB", c >> 10),
        c => format!("{c} bytes"),
    }
}
