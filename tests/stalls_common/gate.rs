//! Where a thread is stopped.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Stopped,
    Released,
    Ended,
}

/// Stops one thread, and tells another when.
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State::Running), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, to: State) {
        *self.lock() = to;
        self.changed.notify_all();
    }

    fn wait_while(&self, state: State) -> State {
        let guard = self.changed.wait_while(self.lock(), |now| *now == state);
        *guard.unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the calling thread until it is released.
    pub(super) fn stop(&self) {
        self.set(State::Stopped);
        self.wait_while(State::Stopped);
    }

    /// The thread has nothing left to do.
    pub(super) fn end(&self) {
        self.set(State::Ended);
    }

    /// Waits until the thread is stopped (true) or at its end.
    pub(super) fn is_stopped(&self) -> bool {
        self.wait_while(State::Running) == State::Stopped
    }

    pub(super) fn release(&self) {
        if *self.lock() == State::Stopped {
            self.set(State::Released);
        }
    }
}
