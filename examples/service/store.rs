//! What the service does with a line: no networking, no `await`.

use std::fmt::Write;
use std::sync::Arc;

use loxley::{Computed, Decision, HashMap, Owned, Pinned};

/// Keys in an answer to `KEYS` that are fetched at once.
const PAGE: usize = 100;

/// A value of so many bytes is sent as it lies in the map, not copied into the reply.
pub(crate) const LARGE: usize = 16 << 10;

/// Keys and values, for all connections.
#[derive(Default)]
pub(crate) struct Store {
    values: HashMap<Arc<str>, String>,
}

/// What is left to do when a request has been worked on for a while.
#[derive(Debug, PartialEq)]
pub(crate) enum Progress {
    /// Nothing: the reply is complete.
    Done,
    /// What `GET` asked for is [`LARGE`], or was a moment ago: it is for the caller to send.
    LargeValue,
    /// The reply goes on with what [`Store::keys`] says of this cursor.
    MoreKeys(u64),
}

impl Store {
    /// Carries out a request, and appends the reply.
    ///
    /// The view lives as long as this function runs, which never waits for anything. What is read from the map goes into the
    /// reply without a copy in between.
    pub(crate) fn answer(&self, request: &str, reply: &mut String) -> Progress {
        let values = self.values.pin();
        let (command, rest) = request.split_once(' ').unwrap_or((request, ""));
        let outcome = match (command, rest.split_once(' ')) {
            ("KEYS", None) if rest.is_empty() => return self.keys(0, reply),
            ("GET", None) if !rest.is_empty() => match values.get(rest) {
                Some(value) if value.len() >= LARGE => return Progress::LargeValue,
                Some(value) => write!(reply, "VALUE {value}"),
                None => write!(reply, "NONE"),
            },
            ("SET", Some((key, value))) if !key.is_empty() => {
                values.insert(key.into(), value.to_owned());
                write!(reply, "OK")
            }
            ("DEL", None) if !rest.is_empty() => match values.remove(rest) {
                Some(_) => write!(reply, "OK"),
                None => write!(reply, "NONE"),
            },
            ("INCR", None) if !rest.is_empty() => match self.increment(rest) {
                Ok(number) => write!(reply, "VALUE {number}"),
                Err(reason) => write!(reply, "ERROR {reason}"),
            },
            _ => write!(reply, "ERROR expected GET key, SET key value, DEL key, INCR key or KEYS"),
        };
        outcome.expect("a String takes everything");
        reply.push('\n');
        Progress::Done
    }

    /// A view that may be held while something is waited for.
    pub(crate) fn lasting_view(&self) -> Owned<Pinned<'_, Arc<str>, String>> {
        self.values.pin_owned()
    }

    /// One atomic step: of two clients that increment a key, none gets the other's number.
    fn increment(&self, key: &str) -> Result<i64, &'static str> {
        let values = self.values.pin();
        let mut next = 0;
        // It may run again, and then sets `next` again: what counts is its last run.
        let computed = values.compute(key.into(), |current| {
            let number = match current {
                Some((_, value)) => value.parse().map_err(|_| "not a number"),
                None => Ok(0_i64),
            };
            match number.and_then(|number| number.checked_add(1).ok_or("too large")) {
                Ok(number) => {
                    next = number;
                    Decision::Insert(number.to_string())
                }
                Err(reason) => Decision::Abort(reason),
            }
        });
        match computed {
            Computed::Aborted(reason) => Err(reason),
            _ => Ok(next),
        }
    }

    /// Appends some keys to the reply, each with its line, and after the last of all `END`.
    ///
    /// The caller sends them before it asks for more, which may take as long as the client likes. All that is held
    /// meanwhile is the cursor, and no key that stays in the map is missed or sent twice.
    pub(crate) fn keys(&self, cursor: u64, reply: &mut String) -> Progress {
        let values = self.values.pin();
        let page = values.scan(cursor, PAGE);
        for (key, _) in page.entries {
            reply.extend(["KEY ", key, "\n"]);
        }
        match page.next {
            Some(cursor) => Progress::MoreKeys(cursor),
            None => {
                reply.push_str("END\n");
                Progress::Done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(store: &Store, request: &str) -> String {
        let mut reply = String::new();
        assert_eq!(store.answer(request, &mut reply), Progress::Done);
        reply
    }

    #[test]
    fn values_are_set_and_deleted() {
        let store = Store::default();
        assert_eq!(ask(&store, "GET key"), "NONE\n");
        assert_eq!(ask(&store, "SET key some words"), "OK\n");
        assert_eq!(ask(&store, "GET key"), "VALUE some words\n");
        assert_eq!(ask(&store, "DEL key"), "OK\n");
        assert_eq!(ask(&store, "DEL key"), "NONE\n");
    }

    #[test]
    fn large_values_are_left_where_they_are() {
        let store = Store::default();
        ask(&store, &format!("SET key {}", "x".repeat(LARGE)));
        let mut reply = String::new();
        assert_eq!(store.answer("GET key", &mut reply), Progress::LargeValue);
        assert!(reply.is_empty());
    }

    #[test]
    fn numbers_are_incremented() {
        let store = Store::default();
        assert_eq!(ask(&store, "INCR n"), "VALUE 1\n");
        assert_eq!(ask(&store, "INCR n"), "VALUE 2\n");
        ask(&store, "SET n two");
        assert_eq!(ask(&store, "INCR n"), "ERROR not a number\n");
        ask(&store, &format!("SET n {}", i64::MAX));
        assert_eq!(ask(&store, "INCR n"), "ERROR too large\n");
        assert_eq!(ask(&store, "GET n"), format!("VALUE {}\n", i64::MAX));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for request in ["", "GET", "GET a b", "SET key", "SET  value", "DEL", "INCR", "KEYS all", "get key"] {
            assert!(ask(&Store::default(), request).starts_with("ERROR"), "{request}");
        }
    }

    #[test]
    fn keys_come_in_pages() {
        let store = Store::default();
        for i in 0..10 * PAGE {
            ask(&store, &format!("SET {i} x"));
        }
        let mut reply = String::new();
        let mut progress = store.answer("KEYS", &mut reply);
        assert!(matches!(progress, Progress::MoreKeys(_)));
        while let Progress::MoreKeys(cursor) = progress {
            progress = store.keys(cursor, &mut reply);
        }
        let keys: std::collections::HashSet<&str> =
            reply.lines().filter_map(|line| line.strip_prefix("KEY ")).collect();
        assert_eq!((keys.len(), reply.lines().count()), (10 * PAGE, 10 * PAGE + 1));
        assert!(reply.ends_with("END\n"));
    }
}
