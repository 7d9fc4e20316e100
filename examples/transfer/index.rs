//! Two maps: users by number, and numbers by name. One is the truth, the other a hint.
//!
//! A user has the name that `by_id` says. An entry of `by_name` is a claim: it keeps others from taking the name, and says where
//! to look, but counts only if the user there confirms it. So each change takes effect in one operation on one map, and what
//! is done to the other comes before it (claims) or after it (their removal).
//!
//! What a stopped thread leaves behind is a claim that nobody confirms: a name that cannot be taken, never a wrong answer.

use std::sync::Arc;

use loxley::HashMap;

use crate::on_two_threads;

type Id = u64;
type Name = Arc<str>;

#[derive(Default)]
struct Users {
    by_id: HashMap<Id, Name>,
    by_name: HashMap<Name, Id>,
}

impl Users {
    /// Gives a user this name. False if the name is taken, or the user has one.
    fn register(&self, id: Id, name: &str) -> bool {
        let (by_id, by_name) = (self.by_id.pin(), self.by_name.pin());
        let name: Name = name.into();
        if by_name.try_insert(name.clone(), id).is_err() {
            return false;
        }
        let registered = by_id.try_insert(id, name.clone()).is_ok(); // here
        if !registered {
            by_name.remove(&name);
        }
        registered
    }

    /// Gives a user another name. False if it is taken, or there is no such user.
    fn rename(&self, id: Id, name: &str) -> bool {
        let (by_id, by_name) = (self.by_id.pin(), self.by_name.pin());
        let name: Name = name.into();
        if by_name.try_insert(name.clone(), id).is_err() {
            return false;
        }
        let old = by_id.replace(id, name.clone()); // here
        by_name.remove(old.unwrap_or(&name));
        old.is_some()
    }

    /// The user who has this name.
    fn find(&self, name: &str) -> Option<Id> {
        let (by_id, by_name) = (self.by_id.pin(), self.by_name.pin());
        by_name.get(name).copied().filter(|id| by_id.get(id).is_some_and(|confirmed| &**confirmed == name))
    }
}

pub(crate) fn demonstrate() {
    const USERS: u64 = 8;
    const NAMES: u64 = 12;
    println!("two maps, one of them a hint:");
    let users = Users::default();
    assert!((0..USERS).all(|id| users.register(id, &format!("name {id}"))));
    on_two_threads(10_000, |random| {
        let (id, name) = (random % USERS, format!("name {}", random / USERS % NAMES));
        users.rename(id, &name);
        if let Some(id) = users.find(&name) {
            assert!(id < USERS);
        }
    });
    for (id, name) in &users.by_id.pin() {
        assert_eq!(users.find(name), Some(*id), "each name leads to the one who has it");
    }
    assert_eq!(users.by_name.len() as u64, USERS, "no claim is left over");
    println!("  {USERS} users were renamed by two threads; each is found by its name, and no other name is taken");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let users = Users::default();
        assert!(users.register(1, "ann") && !users.register(2, "ann") && !users.register(1, "bea"));
        assert!(users.register(2, "bea") && !users.rename(2, "ann") && !users.rename(3, "eve"));
        assert!(users.rename(1, "eve") && users.rename(2, "ann"));
        assert_eq!(["ann", "bea", "eve"].map(|name| users.find(name)), [Some(2), None, Some(1)]);
        assert_eq!(users.by_name.len(), 2);
    }

    #[test]
    fn a_claim_that_is_not_confirmed_does_not_count() {
        let users = Users::default();
        users.register(1, "ann");
        // Threads that stop in the middle of registering and of renaming.
        users.by_name.pin().insert("eve".into(), 2);
        users.by_name.pin().insert("bea".into(), 1);
        assert_eq!((users.find("eve"), users.find("bea"), users.find("ann")), (None, None, Some(1)));
        assert!(!users.rename(1, "eve"));
    }
}
