//! The code of loaded skills, kept as long as there is room for it. What was used least lately goes first: of an account
//! that has too much, or else of the one that has most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use crate::config::LoadedSkillLimits;

/// Values with a weight in bytes, bounded of one account and in all.
///
/// Kept by hand: moka bounds all together but not an account's share of it, and may refuse what is new.
pub(super) struct CodeCache<T> {
    limits: LoadedSkillLimits,
    state: Mutex<State<T>>,
}

struct State<T> {
    entries: HashMap<String, Entry<T>>,
    weight: u64,
    /// What was let go of while calls still used it: it takes memory until they end.
    leaving: Vec<Leaving<T>>,
    /// Counts uses, so that of two within one tick of the clock the later is known.
    uses: u64,
}

struct Leaving<T> {
    value: Weak<T>,
    account: String,
    weight: u64,
}

struct Entry<T> {
    value: Arc<T>,
    account: String,
    weight: u64,
    used: u64,
    used_at: Instant,
}

impl<T> CodeCache<T> {
    /// Holds nothing yet.
    pub(super) fn new(limits: LoadedSkillLimits) -> Self {
        Self {
            limits,
            state: Mutex::new(State {
                entries: HashMap::new(),
                weight: 0,
                leaving: Vec::new(),
                uses: 0,
            }),
        }
    }

    /// The value of this name, which is in use from now on.
    pub(super) fn get(&self, name: &str) -> Option<Arc<T>> {
        let mut state = self.lock();
        state.uses += 1;
        let used = state.uses;
        let entry = state.entries.get_mut(name)?;
        (entry.used, entry.used_at) = (used, Instant::now());
        Some(entry.value.clone())
    }

    /// Keeps a value, and lets go of others until all fit. What is too heavy by itself is not kept.
    pub(super) fn insert(&self, name: &str, account: &str, weight: u64, value: Arc<T>) {
        let mut state = self.lock();
        state.remove(name);
        if weight > self.limits.per_account || weight > self.limits.in_all {
            state.leave(account, weight, &value);
            return;
        }
        while state.weight_of(account) + weight > self.limits.per_account {
            state.remove_least_used(account);
        }
        while state.weight + weight > self.limits.in_all {
            let heaviest = state.heaviest(account, weight);
            state.remove_least_used(&heaviest);
        }
        state.uses += 1;
        let entry = Entry {
            value,
            account: account.to_owned(),
            weight,
            used: state.uses,
            used_at: Instant::now(),
        };
        state.weight += weight;
        state.entries.insert(name.to_owned(), entry);
    }

    /// Lets go of a value.
    pub(super) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Lets go of what nobody used for long.
    pub(super) fn remove_idle(&self) {
        let mut state = self.lock();
        let idle = |entry: &Entry<T>| entry.used_at.elapsed() > self.limits.idle;
        let names: Vec<String> = state
            .entries
            .iter()
            .filter(|(_, entry)| idle(entry))
            .map(|(name, _)| name.clone())
            .collect();
        names.iter().for_each(|name| state.remove(name));
    }

    /// Whether further code of this account may be loaded: what it, or all, use beside what is kept is at most as much
    /// again.
    pub(super) fn admits(&self, account: &str) -> bool {
        let mut state = self.lock();
        state.leaving.retain(|one| one.value.strong_count() > 0);
        let in_all: u64 = state.leaving.iter().map(|one| one.weight).sum();
        let of_account = state.leaving.iter().filter(|one| one.account == account);
        let of_account: u64 = of_account.map(|one| one.weight).sum();
        in_all < self.limits.in_all && of_account < self.limits.per_account
    }

    /// The weight of all that is kept, in bytes.
    pub(super) fn weight(&self) -> u64 {
        self.lock().weight
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.weight -= entry.weight;
            self.leave(&entry.account, entry.weight, &entry.value);
        }
    }

    fn leave(&mut self, account: &str, weight: u64, value: &Arc<T>) {
        self.leaving.retain(|one| one.value.strong_count() > 0);
        self.leaving.push(Leaving {
            value: Arc::downgrade(value),
            account: account.to_owned(),
            weight,
        });
    }

    /// The loop of whoever calls this ends: with nothing left to remove, the account's weight is zero, and a sum of
    /// weights that is not has an account that is heaviest.
    fn remove_least_used(&mut self, account: &str) {
        let least = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.account == account)
            .min_by_key(|(_, entry)| entry.used)
            .map(|(name, _)| name.clone());
        if let Some(name) = least {
            self.remove(&name);
        }
    }

    /// The account, of those with something that can go, that would have most once `account` had `more`. So nobody's
    /// many skills push out the few of another.
    fn heaviest(&self, account: &str, more: u64) -> String {
        let mut weights: HashMap<&str, u64> = HashMap::new();
        for entry in self.entries.values() {
            *weights.entry(&entry.account).or_default() += entry.weight;
        }
        weights.entry(account).and_modify(|weight| *weight += more);
        let heaviest = weights.into_iter().max_by_key(|(_, weight)| *weight);
        heaviest.map_or(account, |(name, _)| name).to_owned()
    }

    fn weight_of(&self, account: &str) -> u64 {
        let of_account = self.entries.values();
        of_account
            .filter(|entry| entry.account == account)
            .map(|entry| entry.weight)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cache(in_all: u64, per_account: u64, idle: Duration) -> CodeCache<&'static str> {
        CodeCache::new(LoadedSkillLimits {
            in_all,
            per_account,
            idle,
        })
    }

    fn kept(cache: &CodeCache<&'static str>) -> Vec<String> {
        let mut names: Vec<String> = cache.lock().entries.keys().cloned().collect();
        names.sort();
        names
    }

    #[test]
    fn the_least_used_goes_first() {
        let cache = cache(10, 10, Duration::MAX);
        for name in ["a", "b", "c"] {
            cache.insert(name, "x", 3, Arc::new("code"));
        }
        assert!(cache.get("a").is_some());
        cache.insert("d", "y", 4, Arc::new("code"));
        assert_eq!(kept(&cache), ["a", "c", "d"]);
        assert_eq!(cache.weight(), 10);
        cache.insert("e", "y", 10, Arc::new("code"));
        assert_eq!((kept(&cache), cache.weight()), (vec!["e".to_owned()], 10));
    }

    #[test]
    fn an_account_pushes_out_its_own() {
        let cache = cache(10, 6, Duration::MAX);
        cache.insert("theirs", "y", 4, Arc::new("code"));
        for name in ["a", "b", "c"] {
            cache.insert(name, "x", 3, Arc::new("code"));
        }
        assert_eq!(kept(&cache), ["b", "c", "theirs"]);
        cache.insert("heavy", "x", 7, Arc::new("code"));
        assert!(cache.get("heavy").is_none() && cache.weight() == 10);
    }

    #[test]
    fn many_of_one_account_do_not_push_out_the_few_of_another() {
        let cache = cache(10, 8, Duration::MAX);
        cache.insert("theirs", "few", 2, Arc::new("code"));
        for number in 0..9 {
            cache.insert(&number.to_string(), "many", 2, Arc::new("code"));
        }
        assert_eq!(kept(&cache), ["5", "6", "7", "8", "theirs"]);
        // Who has none yet pushes out the one that has most.
        cache.insert("new", "third", 2, Arc::new("code"));
        assert_eq!(kept(&cache), ["6", "7", "8", "new", "theirs"]);
    }

    #[test]
    fn the_same_again_weighs_once_and_the_idle_go() {
        let cache = cache(10, 10, Duration::ZERO);
        cache.insert("a", "x", 8, Arc::new("old"));
        cache.insert("a", "x", 9, Arc::new("new"));
        assert_eq!(
            (cache.get("a").as_deref(), cache.weight()),
            (Some(&"new"), 9)
        );
        cache.remove_idle();
        assert_eq!(cache.weight(), 0);
    }

    #[test]
    fn what_is_let_go_of_counts_until_nobody_uses_it() {
        let cache = cache(100, 50, Duration::from_secs(60));
        let used: Vec<Arc<&'static str>> = (0..4).map(|_| Arc::new("code")).collect();
        for (number, value) in used.iter().enumerate() {
            assert!(cache.admits("a"), "{number}");
            cache.insert(&number.to_string(), "a", 25, value.clone());
        }
        // Two are kept, and two that had to go are in use still.
        assert!(!cache.admits("a") && cache.admits("b"));
        drop(used);
        assert!(cache.admits("a"));
    }
}
