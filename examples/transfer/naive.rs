//! Two operations, each atomic, and what others can see and do between them.

use loxley::HashMap;

type Accounts = HashMap<&'static str, i64>;

/// Moves money by two updates. `between` is what happens between them: other threads' work, or the end of this one.
fn transfer(accounts: &Accounts, from: &'static str, to: &'static str, amount: i64, between: impl FnOnce()) {
    let accounts = accounts.pin();
    accounts.update(from, |balance| balance - amount);
    between();
    accounts.update(to, |balance| balance + amount);
}

/// The check is right when it is made, and may be wrong when the money is taken.
fn withdraw(accounts: &Accounts, from: &'static str, amount: i64, between: impl FnOnce()) -> bool {
    let accounts = accounts.pin();
    if accounts.get(from).is_none_or(|balance| *balance < amount) {
        return false;
    }
    between();
    accounts.update(from, |balance| balance - amount).is_some()
}

fn total(accounts: &Accounts) -> i64 {
    accounts.pin().values().sum()
}

pub(crate) fn demonstrate() {
    println!("two operations that should be one:");
    let accounts: Accounts = [("alice", 100), ("bob", 0)].into();
    transfer(&accounts, "alice", "bob", 30, || {
        println!("  between them a reader finds {} of 100", total(&accounts));
        assert_eq!(total(&accounts), 70);
    });
    assert_eq!(total(&accounts), 100);

    let stopped = std::thread::scope(|s| {
        s.spawn(|| transfer(&accounts, "alice", "bob", 30, || std::panic::resume_unwind(Box::new("stopped"))))
            .join()
    });
    assert!(stopped.is_err());
    println!("  a thread that ends between them leaves {} of 100, for good", total(&accounts));
    assert_eq!(total(&accounts), 70);

    let accounts: Accounts = [("alice", 100)].into();
    assert!(withdraw(&accounts, "alice", 80, || assert!(withdraw(&accounts, "alice", 80, || ()))));
    println!("  two who have checked the balance before either takes leave {}", accounts.pin()["alice"]);
    assert_eq!(accounts.pin()["alice"], -60);
}
