//! Places and memory for work on packages: opening, verifying, storing.

use std::sync::Arc;

use skillgate_runtime::{NoPlace, Place, Places};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::ServiceError;
use crate::config::PackageLimits;

/// Memory is counted in these units, in bytes.
const UNIT: u64 = 1 << 10;
/// The part of the memory that is kept for packages that need little: one part in so many.
const SMALL_SHARE: u64 = 4;
/// What needs no more than this part of the small packages' memory is small.
const SMALL_NEED: u64 = 4;

/// What work on packages may use at once.
pub(crate) struct PackageWork {
    places: Places,
    queue: std::time::Duration,
    /// For packages that need little, so that they do not stand in line behind large ones.
    small: Memory,
    large: Memory,
}

/// Memory, as permits for so many units.
struct Memory {
    free: Arc<Semaphore>,
    units: u32,
}

/// The right to work on a package, given up when dropped.
pub(crate) struct PackagePermit {
    memory: OwnedSemaphorePermit,
    _place: Place,
}

impl PackagePermit {
    /// Gives back all memory but `bytes`: a package that is being compiled for minutes keeps no more than its files.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let kept = usize::try_from(bytes.div_ceil(UNIT)).unwrap_or(usize::MAX);
        let surplus = self.memory.num_permits().saturating_sub(kept);
        drop(self.memory.split(surplus));
    }
}

/// The most memory, in bytes, that verifying takes for an archive of `size` bytes that unpacks to `unpacked`: the
/// archive beside its files.
pub(crate) fn needed_to_verify(size: u64, unpacked: u64) -> u64 {
    size.saturating_add(unpacked)
}

/// The most memory, in bytes, that storing an archive of `size` bytes takes: the archive, the copy that is bound to the
/// statement, and the copy and the record that SQLite makes of it.
pub(crate) fn needed_to_store(size: u64) -> u64 {
    size.saturating_mul(4)
}

/// The most memory, in bytes, that opening a stored package takes: SQLite's copy, the driver's and ours while it is
/// read; later the archive beside its files.
pub(crate) fn needed_to_open(size: u64) -> u64 {
    size.saturating_mul(3)
}

impl PackageWork {
    /// Nothing under way yet.
    pub(crate) fn new(limits: &PackageLimits) -> Self {
        let small = limits.memory / SMALL_SHARE;
        Self {
            places: Places::new(limits.work),
            queue: limits.work.queue,
            small: Memory::new(small),
            large: Memory::new(limits.memory - small),
        }
    }

    /// A place for `account`, and `bytes` of memory or all there are; `Unavailable` when there are none in time.
    pub(crate) async fn begin(
        &self,
        account: &str,
        bytes: u64,
    ) -> Result<PackagePermit, ServiceError> {
        let until = Instant::now() + self.queue;
        let place = self.places.take(account).await.map_err(busy)?;
        let memory = match bytes <= self.small.bytes() / SMALL_NEED {
            true => &self.small,
            false => &self.large,
        };
        let taken = timeout_at(until, memory.take(bytes)).await;
        Ok(PackagePermit {
            memory: taken.map_err(|_| busy(NoPlace(self.queue)))??,
            _place: place,
        })
    }
}

impl Memory {
    fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            free: Arc::new(Semaphore::new(units as usize)),
            units,
        }
    }

    fn bytes(&self) -> u64 {
        u64::from(self.units) * UNIT
    }

    async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit, ServiceError> {
        let wanted = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let permits = self.free.clone().acquire_many_owned(wanted.min(self.units));
        permits.await.map_err(ServiceError::internal)
    }
}

/// No place for a package became free in time.
pub(crate) fn busy(NoPlace(waited): NoPlace) -> ServiceError {
    ServiceError::unavailable(format!(
        "Too many packages are being worked on; none was finished within {} s. Try again in a minute.",
        waited.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skillgate_runtime::PlaceLimits;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn work(queue: Duration) -> PackageWork {
        PackageWork::new(&PackageLimits {
            work: PlaceLimits {
                per_account: 2,
                in_all: 4,
                queue,
            },
            memory: 256 * MIB,
            ..PackageLimits::default()
        })
    }

    #[tokio::test]
    async fn what_is_given_back_others_may_have() {
        let work = work(Duration::from_millis(10));
        let mut large = work.begin("a", 180 * MIB).await.unwrap();
        assert!(work.begin("b", 100 * MIB).await.is_err());
        large.shrink(60 * MIB);
        assert!(work.begin("b", 100 * MIB).await.is_ok());
    }

    #[tokio::test]
    async fn a_package_waits_for_the_memory_that_it_needs() {
        let work = work(Duration::from_millis(10));
        let large = work.begin("a", 180 * MIB).await.unwrap();
        let refused = work.begin("b", 100 * MIB).await.err().unwrap();
        assert_eq!(refused.code(), "unavailable");
        assert!(refused.message().contains("Try again"), "{refused}");
        let _small = work.begin("b", MIB).await.unwrap();
        drop(large);
        // More than there is: it goes alone.
        let _all = work.begin("b", 10_000 * MIB).await.unwrap();
        assert!(work.begin("c", 20 * MIB).await.is_err());
    }

    #[tokio::test]
    async fn an_account_has_its_places_and_no_more() {
        let work = work(Duration::ZERO);
        let _held = (
            work.begin("a", 1).await.unwrap(),
            work.begin("a", 1).await.unwrap(),
        );
        assert!(work.begin("a", 1).await.is_err());
        work.begin("b", 1).await.unwrap();
    }
}
