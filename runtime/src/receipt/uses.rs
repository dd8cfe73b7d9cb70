//! Collects what one call does, in a bounded size, whatever the call does.

use std::sync::{Mutex, PoisonError};

use super::Use;
use super::detail::{MAX_DETAIL, json_length, shorten};

/// The most uses that one receipt lists. Later destinations are summed up as omitted.
pub const MAX_USES: usize = 256;

/// The most uses of one permission that are listed: a flood of keys must not keep a request out of
/// the list.
const MAX_USES_OF_ONE: usize = 192;

/// The most bytes, as JSON writes them, of all details that one receipt lists: together with the
/// fixed part of [`MAX_USES`] uses it stays below 64 KiB.
pub(super) const MAX_DETAILS: usize = 32 << 10;

/// The most of that for one permission.
const MAX_DETAILS_OF_ONE: usize = 24 << 10;

/// The place of a use that is not listed.
const OMITTED: usize = usize::MAX;

/// Collects the uses of one call, summed up by permission and destination. Shared with the tasks
/// that carry the call's HTTP requests.
#[derive(Debug, Default)]
pub struct Uses(Mutex<Collected>);

/// What was collected.
#[derive(Debug, Default)]
pub struct Collected {
    /// The uses in the order in which their destinations came up, at most [`MAX_USES`].
    pub listed: Vec<Use>,
    /// How many uses there were of destinations that are not listed.
    pub omitted: u64,
    /// Bytes of those.
    pub omitted_bytes: u64,
    /// How much of the room each permission takes.
    tallies: Vec<Tally>,
}

/// What the listed uses of one permission take.
#[derive(Debug)]
struct Tally {
    permission: &'static str,
    uses: usize,
    /// Bytes of their details as JSON writes them.
    details: usize,
}

impl Uses {
    /// Adds one use of a destination, key or path, with the bytes that are known of it by now, and
    /// gives its place for [`Uses::add_bytes`] and [`Uses::retract`]. A detail of more than 256
    /// bytes is cut, with a digest of the whole at its end.
    pub fn record(&self, permission: &'static str, detail: impl AsRef<str>, bytes: u64) -> usize {
        self.change(|collected| {
            let place = collected.place(permission, detail.as_ref());
            collected.add(place, 1, bytes);
            place
        })
    }

    /// As [`Uses::record`], but goes on with the use of the same thing when there is one: a file
    /// written in many pieces is used once.
    pub fn record_more(&self, permission: &'static str, detail: &str, bytes: u64) {
        self.change(|collected| {
            let place = collected.place(permission, detail);
            let first = collected
                .listed
                .get(place)
                .is_none_or(|used| used.count == 0);
            collected.add(place, u64::from(first), bytes);
        });
    }

    /// Adds bytes to a use recorded earlier.
    pub fn add_bytes(&self, place: usize, bytes: u64) {
        self.change(|collected| collected.add(place, 0, bytes));
    }

    /// Takes a use back that was recorded before it was tried, and that the host then refused.
    pub fn retract(&self, place: usize, bytes: u64) {
        self.change(|collected| {
            let (count, size) = collected.at(place);
            *count = count.saturating_sub(1);
            *size = size.saturating_sub(bytes);
            collected.drop_unused();
        });
    }

    /// Takes all uses so far out.
    pub fn take(&self) -> Collected {
        let mut collected = self.change(std::mem::take);
        collected.listed.retain(|used| used.count > 0);
        collected
    }

    fn change<T>(&self, change: impl FnOnce(&mut Collected) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Collected {
    /// Where this use stands, listed anew if there is room.
    fn place(&mut self, permission: &'static str, detail: &str) -> usize {
        let detail = shorten(detail, MAX_DETAIL);
        let same = |used: &Use| used.permission == permission && used.detail == detail;
        if let Some(place) = self.listed.iter().position(same) {
            return place;
        }
        if !self.take_room(permission, json_length(&detail)) {
            return OMITTED;
        }
        self.listed.push(Use {
            permission,
            detail: detail.into_owned(),
            count: 0,
            bytes: 0,
        });
        self.listed.len() - 1
    }

    /// Takes room for one more listed use of `permission`, whose detail has `length` bytes, if there is any.
    fn take_room(&mut self, permission: &'static str, length: usize) -> bool {
        let details: usize = self.tallies.iter().map(|tally| tally.details).sum();
        if self.listed.len() >= MAX_USES || details + length > MAX_DETAILS {
            return false;
        }
        let tally = self.tally(permission);
        let fits = tally.uses < MAX_USES_OF_ONE && tally.details + length <= MAX_DETAILS_OF_ONE;
        if fits {
            tally.uses += 1;
            tally.details += length;
        }
        fits
    }

    fn tally(&mut self, permission: &'static str) -> &mut Tally {
        let known = |tally: &Tally| tally.permission == permission;
        let place = self.tallies.iter().position(known).unwrap_or_else(|| {
            self.tallies.push(Tally {
                permission,
                uses: 0,
                details: 0,
            });
            self.tallies.len() - 1
        });
        &mut self.tallies[place]
    }

    /// Gives the room of the last listed use back when it turned out not to be one. Others keep
    /// their places, by which they are known.
    fn drop_unused(&mut self) {
        if let Some(unused) = self
            .listed
            .pop_if(|last| last.count == 0 && last.bytes == 0)
        {
            let tally = self.tally(unused.permission);
            tally.uses -= 1;
            tally.details -= json_length(&unused.detail);
        }
    }

    fn add(&mut self, place: usize, count: u64, bytes: u64) {
        let (counted, size) = self.at(place);
        *counted = counted.saturating_add(count);
        *size = size.saturating_add(bytes);
    }

    /// The count and the bytes of a use, or of all that is not listed.
    fn at(&mut self, place: usize) -> (&mut u64, &mut u64) {
        match self.listed.get_mut(place) {
            Some(used) => (&mut used.count, &mut used.bytes),
            None => (&mut self.omitted, &mut self.omitted_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(uses: &Uses) -> Vec<(&'static str, String, u64, u64)> {
        let of = |used: Use| (used.permission, used.detail, used.count, used.bytes);
        uses.take().listed.into_iter().map(of).collect()
    }

    #[test]
    fn the_same_thing_is_one_entry_with_a_count() {
        let uses = Uses::default();
        let place = uses.record("http", "GET https://a.example/", 3);
        uses.record("kv", "get a", 1);
        uses.record("http", "GET https://a.example/", 4);
        uses.add_bytes(place, 10);
        uses.record_more("files", "data", 5);
        uses.record_more("files", "data", 6);
        assert_eq!(
            listed(&uses),
            [
                ("http", "GET https://a.example/".into(), 2, 17),
                ("kv", "get a".into(), 1, 1),
                ("files", "data".into(), 1, 11)
            ]
        );
    }

    #[test]
    fn what_is_taken_back_was_no_use() {
        let uses = Uses::default();
        let refused = uses.record("kv", "set a", 5);
        uses.retract(refused, 5);
        let done = uses.record("kv", "set b", 6);
        let refused = uses.record("kv", "set b", 7);
        uses.retract(refused, 7);
        assert_eq!(refused, done);
        assert_eq!(listed(&uses), [("kv", "set b".into(), 1, 6)]);
    }

    #[test]
    fn what_is_taken_back_leaves_its_room() {
        let uses = Uses::default();
        for number in 0..10_000 {
            let place = uses.record("kv", format!("set {number}"), 0);
            uses.retract(place, 0);
        }
        uses.record("kv", "set the one that counts", 1);
        let collected = uses.take();
        assert_eq!((collected.listed.len(), collected.omitted), (1, 0));
    }

    #[test]
    fn a_flood_of_one_permission_leaves_room_for_the_others_and_is_summed_up() {
        let uses = Uses::default();
        for number in 0..1000 {
            let place = uses.record("kv", format!("get {number}"), 1);
            uses.add_bytes(place, 1);
        }
        uses.record("http", "POST https://b.example/drop", 9);
        let collected = uses.take();
        assert_eq!(collected.listed.len(), MAX_USES_OF_ONE + 1);
        assert_eq!(collected.listed.last().unwrap().permission, "http");
        let omitted = 1000 - MAX_USES_OF_ONE as u64;
        assert_eq!(
            (collected.omitted, collected.omitted_bytes),
            (omitted, 2 * omitted)
        );
    }
}
