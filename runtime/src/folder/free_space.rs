//! The free disk that is left to the host itself.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::refusal::{NoRoom, Refusal};

/// How long a measurement of the free disk holds. Guests' own writes are taken off it meanwhile, so that
/// only what others write in this time is missed.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Guards the floor of free disk.
#[derive(Debug)]
pub(super) struct FreeSpace {
    floor: u64,
    last: Mutex<Option<Measured>>,
}

#[derive(Debug, Clone, Copy)]
struct Measured {
    at: Instant,
    above_floor: u64,
}

impl FreeSpace {
    pub(super) fn new(floor: u64) -> Self {
        Self {
            floor,
            last: Mutex::new(None),
        }
    }

    /// Takes `bytes` off what is free above the floor. Waits for the disk: not for async threads.
    pub(super) fn take(&self, folder: &Path, bytes: u64) -> Result<(), Refusal> {
        if self.floor == 0 {
            return Ok(());
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut measured = match *last {
            Some(measured) if measured.at.elapsed() < MAX_AGE => measured,
            _ => self.measure(folder)?,
        };
        let left = measured.above_floor.checked_sub(bytes);
        measured.above_floor = left.unwrap_or(measured.above_floor);
        *last = Some(measured);
        match left {
            Some(_) => Ok(()),
            None => Err(NoRoom::DiskFloor { floor: self.floor }.into()),
        }
    }

    fn measure(&self, folder: &Path) -> Result<Measured, Refusal> {
        let disk = rustix::fs::statvfs(folder).map_err(std::io::Error::from)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let above_floor = free.saturating_sub(self.floor);
        if above_floor == 0 {
            let (free, floor) = (free >> 20, self.floor >> 20);
            tracing::warn!(
                "skills' writes are refused: {free} MiB of the disk of {} are free, {floor} MiB are kept for the host; make room or lower the floor",
                folder.display()
            );
        }
        Ok(Measured {
            at: Instant::now(),
            above_floor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_the_floor_nothing_may_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let never = FreeSpace::new(u64::MAX);
        assert!(matches!(
            never.take(folder.path(), 1),
            Err(Refusal::Room(NoRoom::DiskFloor { floor: u64::MAX }))
        ));
        assert!(FreeSpace::new(0).take(folder.path(), u64::MAX).is_ok());
    }

    #[test]
    fn what_is_written_between_two_measurements_is_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let space = FreeSpace::new(1);
        *space.last.lock().unwrap() = Some(Measured {
            at: Instant::now() + Duration::from_secs(3600),
            above_floor: 10,
        });
        space.take(folder.path(), 6).unwrap();
        assert!(space.take(folder.path(), 6).is_err());
        space.take(folder.path(), 4).unwrap();
    }
}
