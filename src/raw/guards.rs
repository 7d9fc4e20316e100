//! The guards of the protocol, each of which a model check can take out to see that a test notices.
//!
//! A guard is a check, a step or an order of steps that looks as if one could do without it. Where it is in the code, a
//! `without(NAME)` says so. In all builds but loom's and shuttle's that is `false`, and nothing is left of it; there it is true of the
//! one guard that the environment variable `LOXLEY_WITHOUT` names. `ci/guards.sh` takes them out one by one;
//! `tests/README.md` has the table of what each is for and which test fails without it.

macro_rules! guards {
    ($($guard:ident)+) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(non_camel_case_types)] // They are the names that the environment variable and the table have.
        pub(in crate::raw) enum Guarded { $($guard),+ }

        #[cfg(any(loom, shuttle))]
        const ALL: &[(&str, Guarded)] = &[$((stringify!($guard), Guarded::$guard)),+];
    };
}

guards! {
    // insert.rs
    p0_meta p0_pend withdraw_replacing withdraw_restarting insert_frozen count_first capacity_counted seen
    // probe/scalar.rs
    tomb_pending tomb_empty tomb_displaced
    // seek.rs
    help_again help_home empty_first seek_moved target_first
    // place.rs, evict.rs
    rule_r_place rule_r_evict m0_evict move_bound move_version move_frozen victim_restart
    // remove.rs
    lower_live lower_pending lower_copy lower_frozen writer_bound vacant_again
    // find.rs
    reader_frozen reader_settled reader_bound reader_moved reader_arrived reader_migrated migrated_first
    // migrate.rs
    freeze_pend freeze_moved sealed sealed_first place_empty retire_once
    // carry.rs
    cross_copy m0_carry carry_bound carry_adopted carry_recover
    // resize.rs, retire.rs
    capacity_first root_successor full_frozen limbo limbo_root
    // count.rs, progress.rs
    count_closed count_before count_after count_again mark_reported
    // walk.rs
    walk_duplicates walk_moved walk_arrived walk_moved_changed walk_bound walk_merged walk_again walk_backwards
    walk_settled walk_leftwards
    // pool/
    pool_hold pool_once
}

/// Whether a test wants to see what happens without this guard.
#[cfg(not(any(loom, shuttle)))]
#[inline(always)]
pub(in crate::raw) const fn without(_: Guarded) -> bool {
    false
}

#[cfg(any(loom, shuttle))]
pub(in crate::raw) fn without(guard: Guarded) -> bool {
    use std::sync::LazyLock;

    static WITHOUT: LazyLock<Option<Guarded>> = LazyLock::new(|| {
        let name = std::env::var("LOXLEY_WITHOUT").ok()?;
        let known = ALL.iter().find(|(known, _)| *known == name);
        Some(known.unwrap_or_else(|| panic!("LOXLEY_WITHOUT={name}: there is no such guard")).1)
    });
    *WITHOUT == Some(guard)
}
