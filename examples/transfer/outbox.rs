//! Two keys, three steps, each of them one atomic operation on one key; whoever finds a transfer begun can complete it.
//!
//! 1. At the sender: take the money and put the transfer into the outbox, together.
//! 2. At the receiver: add the money and note the number of the transfer, together; unless it is noted already.
//! 3. At the sender: empty the outbox, if this transfer is still in it.
//!
//! A sender numbers its transfers, and begins one only when its outbox is empty. So the receiver needs to remember only the last
//! number from each sender, and steps 2 and 3 can be repeated by anyone at any time, by a thread that has slept since long
//! ago, too: they do nothing the second time. The money is taken before it is given: what a stopped thread leaves behind is
//! money on its way, which [`Bank::repair`] delivers, and never money from nowhere.
//!
//! What this does not give is a total at one moment: a reader that goes from account to account may see money on its way twice,
//! or not at all, while transfers are under way.

use std::collections::BTreeMap;

use loxley::{Computed, Decision, HashMap};

use crate::on_two_threads;

type Number = u64;

#[derive(Clone, Default)]
struct Account {
    balance: u64,
    last_number: Number,
    outbox: Option<Transfer>,
    /// The last number from each sender.
    received: BTreeMap<u64, Number>,
}

#[derive(Clone, Copy)]
struct Transfer {
    number: Number,
    to: u64,
    amount: u64,
}

struct Bank {
    accounts: HashMap<u64, Account>,
}

impl Bank {
    fn new(accounts: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let account = |(id, balance)| (id, Account { balance, ..Account::default() });
        Self { accounts: accounts.into_iter().map(account).collect() }
    }

    /// False if there are no such accounts, or not that much money.
    fn transfer(&self, from: u64, to: u64, amount: u64) -> bool {
        match self.begin(from, to, amount) {
            Some(transfer) => {
                self.complete(from, transfer);
                true
            }
            None => false,
        }
    }

    /// Step 1.
    fn begin(&self, from: u64, to: u64, amount: u64) -> Option<Transfer> {
        let accounts = self.accounts.pin();
        // Accounts are never closed, so it will be there. (Closing one would have to refuse what is on its way.)
        if !accounts.contains_key(&to) {
            return None;
        }
        loop {
            let computed = accounts.compute(from, |current| {
                let Some((_, sender)) = current else { return Decision::Abort(None) };
                if sender.outbox.is_some() {
                    return Decision::Abort(sender.outbox);
                }
                let Some(balance) = sender.balance.checked_sub(amount) else { return Decision::Abort(None) };
                let transfer = Transfer { number: sender.last_number + 1, to, amount };
                Decision::Insert(Account {
                    balance,
                    last_number: transfer.number,
                    outbox: Some(transfer),
                    received: sender.received.clone(),
                })
            });
            match computed {
                Computed::Replaced { new: (_, sender), .. } => return sender.outbox,
                Computed::Aborted(Some(earlier)) => self.complete(from, earlier),
                _ => return None,
            }
        }
    }

    /// Steps 2 and 3, as far as they are still to do.
    fn complete(&self, from: u64, transfer: Transfer) {
        self.deliver(from, transfer);
        self.accounts.pin().compute(from, |current| match current {
            Some((_, sender)) if sender.outbox.is_some_and(|outbox| outbox.number == transfer.number) => {
                Decision::Insert(Account { outbox: None, ..sender.clone() })
            }
            _ => Decision::Abort(()),
        });
    }

    /// Step 2.
    fn deliver(&self, from: u64, Transfer { number, to, amount }: Transfer) {
        self.accounts.pin().compute(to, |current| match current {
            Some((_, receiver)) if receiver.received.get(&from).is_none_or(|last| *last < number) => {
                let mut receiver = receiver.clone();
                receiver.balance += amount;
                receiver.received.insert(from, number);
                Decision::Insert(receiver)
            }
            _ => Decision::Abort(()),
        });
    }

    /// Completes what stopped threads have begun.
    fn repair(&self) {
        for (from, account) in &self.accounts.pin() {
            if let Some(transfer) = account.outbox {
                self.complete(*from, transfer);
            }
        }
    }

    /// What all accounts hold, once nobody is at work.
    fn total(&self) -> u64 {
        self.accounts.pin().values().map(|account| account.balance).sum()
    }
}

pub(crate) fn demonstrate() {
    println!("two keys, an outbox, and repair:");
    let bank = Bank::new((0..8).map(|id| (id, 100)));
    on_two_threads(10_000, |random| {
        let (from, to, amount) = (random % 8, random / 8 % 8, random / 64 % 50);
        match random / 4096 % 10 {
            // Threads that stop at the worst moments.
            0 => _ = bank.begin(from, to, amount),
            1 => _ = bank.begin(from, to, amount).map(|transfer| bank.deliver(from, transfer)),
            _ => _ = bank.transfer(from, to, amount),
        }
    });
    let before = bank.total();
    bank.repair();
    println!("  {} on its way when all had stopped, {} of 800 after repair", 800 - before, bank.total());
    assert_eq!(bank.total(), 800);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_moves() {
        let bank = Bank::new([(1, 10), (2, 0)]);
        assert!(bank.transfer(1, 2, 4));
        assert!(!bank.transfer(1, 2, 7));
        assert!(!bank.transfer(1, 3, 1) && !bank.transfer(3, 1, 1));
        assert!(bank.transfer(1, 1, 6), "to oneself");
        let balance = |id| bank.accounts.pin()[&id].balance;
        assert_eq!((balance(1), balance(2)), (6, 4));
    }

    #[test]
    fn what_was_begun_is_completed_once() {
        let bank = Bank::new([(1, 10), (2, 0)]);
        let transfer = bank.begin(1, 2, 4).unwrap();
        assert_eq!(bank.total(), 6, "on its way");
        bank.deliver(1, transfer);
        bank.deliver(1, transfer);
        bank.repair();
        bank.repair();
        bank.begin(1, 2, 1).unwrap();
        // One who has slept since the first, and must leave the second alone.
        bank.complete(1, transfer);
        bank.repair();
        assert_eq!(bank.accounts.pin()[&2].balance, 5);
        assert_eq!(bank.total(), 10);
    }

    #[test]
    fn the_next_transfer_completes_the_one_before() {
        let bank = Bank::new([(1, 10), (2, 0), (3, 0)]);
        bank.begin(1, 2, 4).unwrap();
        assert!(bank.transfer(1, 3, 6));
        assert_eq!(bank.accounts.pin()[&2].balance, 4);
        assert_eq!(bank.total(), 10);
    }
}
