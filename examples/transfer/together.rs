//! What changes together under one key: one value that holds both, or one snapshot that holds all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use loxley::{Computed, Decision, HashMap};

use crate::on_two_threads;

/// What a customer has. Money moves between the two often, and together they are one small value.
#[derive(Clone, Copy)]
struct Purse {
    checking: u64,
    savings: u64,
}

/// Check and transfer are one step: the purse that is replaced is the one that was checked.
fn save(purses: &HashMap<u32, Purse>, customer: u32, amount: u64) -> bool {
    let purses = purses.pin();
    let computed = purses.compute(customer, |current| match current {
        Some((_, purse)) if purse.checking >= amount => {
            Decision::Insert(Purse { checking: purse.checking - amount, savings: purse.savings + amount })
        }
        _ => Decision::Abort(()),
    });
    matches!(computed, Computed::Replaced { .. })
}

/// The accounts of a branch: a snapshot, which is never changed but replaced. Readers keep theirs for as long as they like, and
/// all that it says belongs together. Each transfer copies it, so it must be small, or change rarely.
type Branch = Arc<BTreeMap<u64, u64>>;

fn transfer(branches: &HashMap<u32, Branch>, branch: u32, from: u64, to: u64, amount: u64) -> bool {
    let branches = branches.pin();
    let computed = branches.compute(branch, |current| {
        let Some((_, accounts)) = current else { return Decision::Abort(()) };
        let enough = accounts.get(&from).is_some_and(|balance| *balance >= amount);
        if !enough || !accounts.contains_key(&to) {
            return Decision::Abort(());
        }
        let mut accounts = BTreeMap::clone(accounts);
        *accounts.get_mut(&from).expect("has enough") -= amount;
        *accounts.get_mut(&to).expect("is there") += amount;
        Decision::Insert(Arc::new(accounts))
    });
    matches!(computed, Computed::Replaced { .. })
}

pub(crate) fn demonstrate() {
    println!("one value that holds both:");
    let purses: HashMap<u32, Purse> = [(1, Purse { checking: 1000, savings: 0 })].into();
    on_two_threads(10_000, |random| _ = save(&purses, 1, random % 10));
    let Purse { checking, savings } = purses.pin()[&1];
    println!("  {checking} + {savings} = {}", checking + savings);
    assert_eq!(checking + savings, 1000);

    println!("one snapshot that holds all:");
    let accounts: BTreeMap<u64, u64> = (0..8).map(|account| (account, 100)).collect();
    let branches: HashMap<u32, Branch> = [(7, Arc::new(accounts))].into();
    let done = AtomicBool::new(false);
    let seen = thread::scope(|s| {
        let reader = s.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) || seen == 0 {
                let snapshot = branches.pin()[&7].clone();
                assert_eq!(snapshot.values().sum::<u64>(), 800);
                seen += 1;
            }
            seen
        });
        on_two_threads(50_000, |random| _ = transfer(&branches, 7, random % 8, random / 8 % 8, random / 64 % 50));
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    println!("  {seen} snapshots were read meanwhile, each with 800 in all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_saves_what_is_not_there() {
        let purses: HashMap<u32, Purse> = [(1, Purse { checking: 5, savings: 0 })].into();
        assert!(save(&purses, 1, 3));
        assert!(!save(&purses, 1, 3));
        assert!(!save(&purses, 2, 3));
        assert_eq!(purses.pin()[&1].savings, 3);
    }

    #[test]
    fn a_transfer_within_a_branch_needs_both_accounts_and_the_money() {
        let branches: HashMap<u32, Branch> = [(7, Arc::new([(1, 10), (2, 0)].into()))].into();
        assert!(transfer(&branches, 7, 1, 2, 10));
        assert!(transfer(&branches, 7, 2, 2, 10), "to oneself");
        for (branch, from, to) in [(7, 1, 2), (7, 2, 3), (7, 3, 2), (8, 2, 1)] {
            assert!(!transfer(&branches, branch, from, to, 1));
        }
        assert_eq!(*branches.pin()[&7], [(1, 0), (2, 10)].into());
    }
}
