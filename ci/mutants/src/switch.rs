//! Copied into the mutated crate, as `crate::mutant`: whether the mutant at a place is the one that this process is.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// More than there are mutants.
const MANY: usize = 1 << 16;

static CHOSEN: AtomicU32 = AtomicU32::new(u32::MAX);
static RECORD: AtomicU32 = AtomicU32::new(u32::MAX);
static REACHED: [AtomicU8; MANY / 8] = [const { AtomicU8::new(0) }; MANY / 8];

/// What a constant is made with is no mutant: those in functions that only constants call are never reached.
pub(crate) const fn is(n: u32) -> bool {
    core::intrinsics::const_eval_select((n,), never, chosen)
}

const fn never(_: u32) -> bool {
    false
}

fn chosen(n: u32) -> bool {
    let mut chosen = CHOSEN.load(Ordering::Relaxed);
    if chosen == u32::MAX {
        // The order matters to another thread that comes here meanwhile. By libc and without memory of its own, for some
        // tests count allocations.
        RECORD.store(number(c"LOXLEY_MUTANT_FD"), Ordering::Relaxed);
        chosen = number(c"LOXLEY_MUTANT");
        CHOSEN.store(chosen, Ordering::Release);
    }
    let fd = RECORD.load(Ordering::Relaxed);
    if fd != 0 {
        record(n, fd);
    }
    chosen == n
}

fn number(name: &std::ffi::CStr) -> u32 {
    // SAFETY: a string, and nobody changes the environment.
    unsafe {
        let text = libc::getenv(name.as_ptr());
        if text.is_null() { 0 } else { std::ffi::CStr::from_ptr(text).to_str().unwrap().parse().unwrap() }
    }
}

/// Writes the number of a mutant that is reached for the first time.
#[cold]
fn record(n: u32, fd: u32) {
    let bit = 1 << (n % 8);
    if REACHED[n as usize / 8].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        let bytes = n.to_ne_bytes();
        // SAFETY: so many bytes. A short write is seen by the reader, who gets a number that does not exist.
        unsafe { libc::write(fd as i32, bytes.as_ptr().cast(), bytes.len()) };
    }
}
