//! What a map's builder may set: how full tables get, how empty, and how much of a migration an operation does.

use super::table::LOG2_END;
use super::word::SLOTS;
use crate::reserve::TryReserveError;

/// Loads are in parts of this: a multiple of 7, so that the default is exact.
const WHOLE: usize = 7 * 64;

/// The largest load that the protocol allows, which is the default: see "Why there is room" in `carry.rs`.
const MAX_LOAD: usize = WHOLE / 7 * 5;

/// The smallest: half of it, what a growth leaves, is the load below which a table that has no slot in reach is taken for the
/// victim of a bad hash and not for one that must grow (see [`Op::make_room`](super::core::Op)).
const MIN_LOAD: usize = WHOLE / 4;

/// The most groups that one word of the progress tree has bits for.
pub(crate) const MAX_HELP: usize = 64;

/// The largest part of the capacity below which a table may shrink of itself, for two reasons: the smaller table has room for twice
/// the entries and is smaller still; and a table that has just grown, which is half full, is far from it.
const MAX_SHRINK: u32 = (SHRINK_WHOLE / 4) as u32;

/// Such parts are in parts of this.
const SHRINK_WHOLE: u64 = 1 << 32;

/// Does not change while the map lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tuning {
    load: u16,
    help: u8,
    /// log2 of the buckets that a table which shrinks of itself keeps at least.
    least: u8,
    /// Of the capacity; 0 for never.
    shrink: u32,
}

impl Tuning {
    pub(crate) const DEFAULT: Self = Self { load: MAX_LOAD as u16, help: 16, least: 0, shrink: 0 };

    /// None if the protocol does not allow it.
    pub(crate) fn with_max_load(self, load: f64) -> Option<Self> {
        let range = MIN_LOAD as f64 / WHOLE as f64..=MAX_LOAD as f64 / WHOLE as f64;
        // Rounded down: what is asked for is a limit.
        range.contains(&load).then(|| Self { load: (load * WHOLE as f64).floor() as u16, ..self })
    }

    /// None if there can be no such claim, see [`Progress::claim`](super::progress::Progress::claim).
    pub(crate) fn with_help(self, groups: usize) -> Option<Self> {
        (1..=MAX_HELP).contains(&groups).then(|| Self { help: groups.next_power_of_two() as u8, ..self })
    }

    /// None if shrinking and growing might alternate.
    pub(crate) fn with_shrink_below(self, part: f64) -> Option<Self> {
        // Rounded down, so that the limit is met to the entry where it is a number of entries.
        let shrink = part * SHRINK_WHOLE as f64;
        (shrink > 0.0 && shrink <= f64::from(MAX_SHRINK)).then(|| Self { shrink: (shrink as u32).max(1), ..self })
    }

    /// Keeps room for that many entries when a table shrinks of itself.
    pub(crate) fn with_least_capacity(self, entries: usize) -> Self {
        // If there is no such table the map is not made.
        Self { least: self.log2_for(entries).map_or(0, |log2| log2 as u8), ..self }
    }

    /// Whether tables shrink of themselves.
    pub(super) fn shrinks(self) -> bool {
        self.shrink > 0
    }

    /// log2 of the buckets that a table of `1 << log2` buckets with so many entries is to shrink to, if it is; when it was one of
    /// several `steps`, whatever is fewer by much.
    ///
    /// There is room for twice the entries then. Unless that is the smallest size that is allowed, more than a quarter of the
    /// capacity is filled; so it does not shrink again before some are removed, nor grow before as many are inserted.
    pub(super) fn shrunk(self, entries: usize, log2: u32, steps: bool) -> Option<u32> {
        let part = if steps { MAX_SHRINK } else { self.shrink };
        if (entries as u128) << 32 >= self.capacity_of(log2) as u128 * u128::from(part) {
            return None;
        }
        let end = self.log2_for(2 * entries).ok()?.max(self.least.into());
        (end < log2).then_some(end)
    }

    /// Groups that an operation migrates on top of its own, if it can get that many; a power of two.
    #[inline]
    pub(super) fn help(self) -> usize {
        self.help.into()
    }

    /// The entries that a table of `1 << log2` buckets is meant to hold.
    pub(super) fn capacity_of(self, log2: u32) -> usize {
        let (slots, load) = (SLOTS << log2, usize::from(self.load));
        (slots / WHOLE * load + slots % WHOLE * load / WHOLE).max(1)
    }

    /// log2 of the buckets that `entries` need.
    ///
    /// # Errors
    /// If there is no such table.
    pub(super) fn log2_for(self, entries: usize) -> Result<u32, TryReserveError> {
        let log2 = (0..LOG2_END).find(|&log2| self.capacity_of(log2) >= entries);
        log2.ok_or(TryReserveError::CAPACITY_OVERFLOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_every_load(test: impl Fn(Tuning)) {
        for load in [0.25, 0.3, 0.5, 0.6999, 5.0 / 7.0] {
            test(Tuning::DEFAULT.with_max_load(load).unwrap());
        }
    }

    #[test]
    fn sizes() {
        at_every_load(|tuning| {
            for entries in [0, 1, 2, 5, 6, 100, 1_000_000] {
                let log2 = tuning.log2_for(entries).unwrap();
                assert!(tuning.capacity_of(log2) >= entries);
                assert!(log2 == 0 || tuning.capacity_of(log2 - 1) < entries);
            }
            assert_eq!(tuning.log2_for(usize::MAX), Err(TryReserveError::CAPACITY_OVERFLOW));
            // What a table may have grown to by itself can be asked for: shrinking does, with the count.
            let last = LOG2_END - 1;
            assert_eq!(tuning.log2_for(tuning.capacity_of(last)), Ok(last));
        });
    }

    #[test]
    fn no_load_is_exceeded_by_rounding() {
        for load in (250..=714).map(|thousandths| f64::from(thousandths) / 1000.0) {
            let tuning = Tuning::DEFAULT.with_max_load(load).unwrap();
            assert!(tuning.capacity_of(20) as f64 <= load * (SLOTS << 20) as f64, "{load}");
        }
    }

    #[test]
    fn the_default_is_five_slots_in_seven() {
        assert_eq!(Tuning::DEFAULT.with_max_load(5.0 / 7.0), Some(Tuning::DEFAULT));
        for log2 in 0..40 {
            assert_eq!(Tuning::DEFAULT.capacity_of(log2), ((SLOTS << log2) * 5 / 7).max(1));
        }
    }

    /// See "Why there is room" in `carry.rs`.
    #[test]
    fn a_full_table_has_free_slots_in_two_buckets() {
        at_every_load(|tuning| {
            for log2 in 2..40 {
                assert!((SLOTS << log2) - tuning.capacity_of(log2) > SLOTS, "{log2}");
            }
        });
    }

    #[test]
    fn shrinking_is_due_below_the_limit_and_not_at_it() {
        for (part, log2) in [(0.25, 10), (0.25, 11), (0.125, 10), (0.1, 20), (1e-3, 25), (0.2, 11), (0.2, 3)] {
            let tuning = Tuning::DEFAULT.with_shrink_below(part).unwrap();
            let limit = (tuning.capacity_of(log2) as f64 * part).ceil() as usize;
            assert_eq!(tuning.shrunk(limit, log2, false), None, "{part}");
            assert!(tuning.shrunk(limit - 1, log2, false).is_some(), "{part}");
            assert_eq!(Tuning::DEFAULT.shrunk(0, log2, false), None);
        }
    }

    /// Whatever has shrunk takes as many entries again before it grows, and is not to shrink at once; and what has just grown is
    /// not to shrink.
    #[test]
    fn shrinking_and_growing_do_not_alternate() {
        at_every_load(|tuning| {
            for (part, steps) in [(0.25, false), (0.25, true), (0.1, false), (0.01, true)] {
                let tuning = tuning.with_shrink_below(part).unwrap();
                let part = if steps { 0.25 } else { part };
                for log2 in 1..14 {
                    let capacity = tuning.capacity_of(log2);
                    assert_eq!(tuning.shrunk(tuning.capacity_of(log2 - 1) + 1, log2, steps), None);
                    for entries in 0..capacity {
                        let due = (entries as f64) < part * capacity as f64;
                        let Some(to) = tuning.shrunk(entries, log2, steps) else {
                            assert!(!due, "{entries} of {capacity}");
                            continue;
                        };
                        assert!(due && to < log2 && tuning.capacity_of(to) >= 2 * entries);
                        assert_eq!(tuning.shrunk(entries, to, true), None, "{entries}: {log2} to {to}");
                    }
                }
            }
        });
    }

    #[test]
    fn what_was_asked_for_is_kept() {
        let tuning = Tuning::DEFAULT.with_shrink_below(0.25).unwrap().with_least_capacity(100);
        let least = tuning.log2_for(100).unwrap();
        let shrunk = |log2| tuning.shrunk(0, log2, false);
        assert_eq!(
            (shrunk(0), shrunk(least), shrunk(least + 1), shrunk(20)),
            (None, None, Some(least), Some(least))
        );
        assert_eq!(tuning.with_least_capacity(usize::MAX).shrunk(0, 1, false), Some(0));
    }

    #[test]
    fn what_the_protocol_does_not_allow_is_refused() {
        for part in [f64::NAN, f64::INFINITY, -1.0, 0.0, -0.0, 0.2500001, 0.5, 1.0] {
            assert_eq!(Tuning::DEFAULT.with_shrink_below(part), None, "{part}");
        }
        assert!(Tuning::DEFAULT.with_shrink_below(f64::MIN_POSITIVE).unwrap().shrinks());
        for load in [f64::NAN, f64::INFINITY, -1.0, 0.0, 0.2499, 0.715, 1.0] {
            assert_eq!(Tuning::DEFAULT.with_max_load(load), None, "{load}");
        }
        for groups in [0, 65, usize::MAX] {
            assert_eq!(Tuning::DEFAULT.with_help(groups), None);
        }
        let helps = [1, 2, 3, 16, 33, 64].map(|groups| Tuning::DEFAULT.with_help(groups).unwrap().help());
        assert_eq!(helps, [1, 2, 4, 16, 64, 64]);
    }
}
