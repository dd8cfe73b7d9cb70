//! The machine's clock: keys, tokens and grants expire by it.

use skillgate_store::{Timestamp, system_clock};

use super::Finding;

/// A clock that is further from the database's than this makes things expire early or late.
const MAX_DRIFT_SECONDS: i64 = 5;
/// When this program was written, 2026-11-01, in microseconds since 1970: an earlier time is wrong.
const WRITTEN: i64 = 1_793_491_200_000_000;

/// Compares the machine's clock with the database's and with the time at which this program was written.
pub(super) fn check(server_time: Option<Timestamp>) -> Finding {
    judge(system_clock()(), server_time)
}

fn judge(now: Timestamp, server_time: Option<Timestamp>) -> Finding {
    const CHECK: &str = "clock";
    const REMEDY: &str = "synchronise it: `timedatectl set-ntp true`";
    if now.as_micros() < WRITTEN {
        let found = format!("{now} is before this program was written");
        return Finding::failed(CHECK, found, REMEDY);
    }
    let apart = |server: Timestamp| (server.as_micros() - now.as_micros()) / 1_000_000;
    match server_time.map(apart) {
        Some(seconds) if seconds.abs() > MAX_DRIFT_SECONDS => Finding::warning(
            CHECK,
            format!("the database's clock is {seconds} s away from this machine's"),
            REMEDY,
        ),
        _ => Finding::ok(CHECK, now.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_clock_in_the_past_and_one_that_drifted_are_told() {
        let now = Timestamp::from_micros(WRITTEN + 1);
        let later = Timestamp::from_micros(WRITTEN + 60_000_000);
        assert_eq!(judge(now, None).state, State::Ok);
        assert_eq!(judge(now, Some(now)).state, State::Ok);
        assert_eq!(judge(now, Some(later)).state, State::Warning);
        assert_eq!(judge(Timestamp::from_micros(0), None).state, State::Failed);
    }
}
