//! How many files calls hold open.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::refusal::NoRoom;

/// The places for open files that one call draws on: its own, its account's and the host's.
#[derive(Debug, Clone)]
pub(crate) struct OpenFiles {
    pub(super) most: [usize; 3],
    pub(super) places: [Arc<Semaphore>; 3],
}

/// One place. To be kept until the last holder of the descriptor is gone.
#[derive(Debug)]
pub(crate) struct OpenFile {
    _places: Vec<OwnedSemaphorePermit>,
}

impl OpenFiles {
    /// Takes a place, or says which limit is reached.
    pub(crate) fn take(&self) -> Result<Arc<OpenFile>, NoRoom> {
        let mut taken = Vec::with_capacity(self.places.len());
        for (places, most) in self.places.iter().zip(self.most) {
            let place = Arc::clone(places).try_acquire_owned();
            taken.push(place.map_err(|_| NoRoom::OpenFiles { most })?);
        }
        Ok(Arc::new(OpenFile { _places: taken }))
    }

    /// Takes places for the folders that a call begins with, when they are free. Who waits here holds none, so that
    /// calls cannot wait for each other in a circle.
    pub(crate) async fn take_when_free(&self, count: usize) -> Result<Arc<OpenFile>, AcquireError> {
        let mut taken = Vec::with_capacity(self.places.len());
        for (places, most) in self.places.iter().zip(self.most) {
            let count = u32::try_from(count.min(most)).unwrap_or(u32::MAX);
            taken.push(Arc::clone(places).acquire_many_owned(count).await?);
        }
        Ok(Arc::new(OpenFile { _places: taken }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(account: &Arc<Semaphore>, host: &Arc<Semaphore>) -> OpenFiles {
        OpenFiles {
            most: [2, 3, 4],
            places: [
                Arc::new(Semaphore::new(2)),
                Arc::clone(account),
                Arc::clone(host),
            ],
        }
    }

    #[test]
    fn a_place_is_taken_in_the_call_its_account_and_the_host() {
        let [one, other] = [3, 3].map(|most| Arc::new(Semaphore::new(most)));
        let host = Arc::new(Semaphore::new(4));
        let calls = [
            call(&one, &host),
            call(&one, &host),
            call(&other, &host),
            call(&other, &host),
        ];
        let held = [calls[0].take().unwrap(), calls[0].take().unwrap()];
        assert_eq!(calls[0].take().unwrap_err(), NoRoom::OpenFiles { most: 2 });
        let _third = calls[1].take().unwrap();
        assert_eq!(calls[1].take().unwrap_err(), NoRoom::OpenFiles { most: 3 });
        let _fourth = calls[2].take().unwrap();
        assert_eq!(calls[3].take().unwrap_err(), NoRoom::OpenFiles { most: 4 });
        drop(held);
        calls[3].take().unwrap();
    }
}
