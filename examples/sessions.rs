//! A store of sessions: tokens are strings, looked up by `&str`; sessions that nobody uses are thrown out.
//!
//! ```text
//! cargo run --release --example sessions
//! ```
//!
//! What to look at: a condition that reads an atomic *inside* a value is not protected by the map. [`Pinned::retain`] removes
//! exactly the entry that it has asked about, but `last_use` may change between question and removal, and a session that
//! was used just now would be lost. So the decision falls in the atomic itself: to throw a session out is to
//! [close](Session::close_if_stale) it, after which it cannot be [used](Session::touch) any more, and then to remove it.
//!
//! [`Pinned::retain`]: loxley::Pinned::retain

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use loxley::{Computed, Decision, HashMap};

/// Seconds, or whatever the clock of the program counts.
type Time = u64;

const CLOSED: Time = Time::MAX;

/// What the program knows of a user who has logged in.
pub(crate) struct Session {
    pub(crate) user: String,
    last_use: AtomicU64,
}

impl Session {
    /// Notes that the session is used. False if it is closed.
    fn touch(&self, now: Time) -> bool {
        let later = |time: Time| (time != CLOSED).then(|| time.max(now));
        self.last_use.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).is_ok()
    }

    /// Closes the session. False if it was closed already.
    fn close(&self) -> bool {
        self.last_use.swap(CLOSED, Ordering::Relaxed) != CLOSED
    }

    fn is_closed(&self) -> bool {
        self.last_use.load(Ordering::Relaxed) == CLOSED
    }

    /// Closes the session if it has not been used since `time`. True if it is closed, by whomever.
    fn close_if_stale(&self, time: Time) -> bool {
        let stale = |last_use: Time| (last_use < time).then_some(CLOSED);
        match self.last_use.fetch_update(Ordering::Relaxed, Ordering::Relaxed, stale) {
            Ok(_) => true,
            Err(last_use) => last_use == CLOSED,
        }
    }
}

/// The sessions by their tokens.
#[derive(Default)]
pub(crate) struct Sessions {
    /// In `Arc`s: who serves a request keeps its session without a guard, for as long as it takes.
    by_token: HashMap<String, Arc<Session>>,
}

impl Sessions {
    /// Begins a session. False if the token is in use; then nothing has changed.
    pub(crate) fn log_in(&self, token: String, user: String, now: Time) -> bool {
        let session = Arc::new(Session { user, last_use: AtomicU64::new(now) });
        let sessions = self.by_token.pin();
        // Not `try_insert`: one that is closed and about to be removed is in nobody's use.
        let computed = sessions.compute(token, |current| match current {
            Some((_, current)) if !current.is_closed() => Decision::Abort(()),
            _ => Decision::Insert(session.clone()),
        });
        !matches!(computed, Computed::Aborted(()))
    }

    /// The session of this token, which counts as used now.
    pub(crate) fn find(&self, token: &str, now: Time) -> Option<Arc<Session>> {
        let sessions = self.by_token.pin();
        sessions.get(token).filter(|session| session.touch(now)).cloned()
    }

    /// Ends a session. False if there is none.
    pub(crate) fn log_out(&self, token: &str) -> bool {
        self.by_token.pin().remove(token).is_some_and(|session| session.close())
    }

    /// Throws out the sessions that have not been used since `time`.
    pub(crate) fn throw_out_unused_since(&self, time: Time) {
        self.by_token.pin().retain(|_, session| !session.close_if_stale(time));
    }

    pub(crate) fn len(&self) -> usize {
        self.by_token.len()
    }
}

const THREADS: u64 = 4;
const REQUESTS: u64 = 100_000;
/// Each thread's.
const USERS: u64 = 500;
/// Every user comes again after so many requests of all threads, about, and so some of them too late.
const IDLE: Time = USERS * THREADS;

fn main() {
    let sessions = Sessions::default();
    // It counts requests.
    let clock = AtomicU64::new(0);
    let (log_ins, log_outs) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);

    thread::scope(|s| {
        s.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                sessions.throw_out_unused_since(clock.load(Ordering::Relaxed).saturating_sub(IDLE));
                thread::yield_now();
            }
        });
        let clients: Vec<_> = (0..THREADS)
            .map(|client| {
                let (sessions, clock, log_ins, log_outs) = (&sessions, &clock, &log_ins, &log_outs);
                s.spawn(move || {
                    for request in 0..REQUESTS {
                        let now = clock.fetch_add(1, Ordering::Relaxed);
                        let user = format!("user {} of {client}", request % USERS);
                        // A real one comes from a cryptographic generator.
                        let token = format!("token of {user}");
                        if let Some(session) = sessions.find(&token, now) {
                            assert_eq!(session.user, user);
                            if request % 100 == 99 && sessions.log_out(&token) {
                                log_outs.fetch_add(1, Ordering::Relaxed);
                            }
                        } else {
                            assert!(sessions.log_in(token, user, now), "nobody else has this token");
                            log_ins.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });

    let (log_ins, log_outs, open) = (log_ins.into_inner(), log_outs.into_inner(), sessions.len() as u64);
    println!("{} requests of {} users on {THREADS} threads:", THREADS * REQUESTS, THREADS * USERS);
    let thrown_out = log_ins.checked_sub(log_outs + open).expect("a session ends once");
    println!("  {log_ins} log-ins, {log_outs} log-outs, {thrown_out} sessions thrown out, {open} still open");
    assert!(log_ins >= THREADS * USERS);
    sessions.throw_out_unused_since(CLOSED);
    assert_eq!(sessions.len(), 0);
    println!("  none after all have been thrown out");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_session(token: &str, now: Time) -> Sessions {
        let sessions = Sessions::default();
        assert!(sessions.log_in(token.into(), "user".into(), now));
        sessions
    }

    #[test]
    fn a_token_is_in_use_until_its_session_ends() {
        let sessions = with_session("token", 1);
        assert!(!sessions.log_in("token".into(), "thief".into(), 2));
        assert_eq!(sessions.find("token", 3).unwrap().user, "user");
        assert!(sessions.log_out("token"));
        assert!(!sessions.log_out("token"));
        assert!(sessions.find("token", 4).is_none());
        assert!(sessions.log_in("token".into(), "other".into(), 5));
    }

    #[test]
    fn unused_sessions_are_thrown_out() {
        let sessions = with_session("old", 1);
        sessions.log_in("used".into(), "user".into(), 1);
        sessions.find("used", 5).unwrap();
        sessions.throw_out_unused_since(5);
        assert!(sessions.find("old", 6).is_none());
        assert!(sessions.find("used", 6).is_some());
    }

    #[test]
    fn a_session_is_gone_once_it_is_to_be_thrown_out() {
        let sessions = with_session("token", 1);
        // A sweeper that stops between its decision and the removal.
        assert!(sessions.by_token.pin()["token"].close_if_stale(2));
        assert!(sessions.find("token", 3).is_none());
        assert!(sessions.log_in("token".into(), "new".into(), 3));
        sessions.throw_out_unused_since(3);
        assert_eq!(sessions.find("token", 3).unwrap().user, "new");
    }
}
