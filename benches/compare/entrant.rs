//! The list of those that take part.

use crate::contender::{Contender, Role, dashmap, flurry, index, locked, loxley, papaya, scc, std};
use crate::kind::{Key, Value};
use crate::latency::{self, Profile};
use crate::load::Load;
use crate::memory::{self, Footprint};
use crate::plan::LatencyRow;
use crate::results::Measured;
use crate::row::Row;
use crate::streams::Streams;
use crate::throughput::{self, Run};

/// The contender that stands for loxley where one figure is wanted: guards shared by 64 operations.
pub(crate) const LOXLEY: &str = "loxley/64";
/// Its nearest rival, used in the same way.
pub(crate) const PAPAYA: &str = "papaya/64";
/// The most widely used rival.
pub(crate) const DASHMAP: &str = "dashmap";

/// A contender with its measurements compiled for it and for one kind of entries: dispatch is static
/// inside a measurement, dynamic around it.
pub(crate) struct Entrant<K: Key> {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    variant: bool,
    takes_part: fn(Load, usize) -> bool,
    pub(crate) throughput: fn(&[&Streams<K>], u64) -> Run,
    pub(crate) growth: fn(usize, u64) -> Profile,
    pub(crate) latency: fn(&Streams<K>, u64) -> Profile,
    pub(crate) grown: fn(usize) -> Footprint,
    pub(crate) presized: fn(usize) -> Footprint,
}

impl<K: Key> Entrant<K> {
    fn new<C: Contender<Key = K>>() -> Self {
        Self {
            name: C::NAME,
            role: C::ROLE,
            variant: C::VARIANT,
            takes_part: C::takes_part,
            throughput: throughput::measure::<C>,
            growth: latency::growth::<C>,
            latency: latency::under_load::<C>,
            grown: memory::grown::<C>,
            presized: memory::presized::<C>,
        }
    }

    /// Whether it takes part in a throughput row.
    pub(crate) fn is_in(&self, row: &Row) -> bool {
        (self.takes_part)(row.load, row.threads)
    }

    /// Whether it takes part in a latency row.
    pub(crate) fn is_timed_in(&self, row: &LatencyRow) -> bool {
        !self.variant && self.is_in(&row.0)
    }

    /// Whether its memory is its own: a lock around std's map adds nothing to that map's.
    pub(crate) fn has_memory(&self) -> bool {
        !self.variant && self.role != Role::Lock
    }

    pub(crate) fn measured<T>(&self, figures: T) -> Measured<T> {
        Measured { name: self.name, role: self.role, figures }
    }
}

/// Everybody, in the order of the tables.
pub(crate) fn all<K: Key, V: Value>() -> Vec<Entrant<K>> {
    vec![
        Entrant::new::<loxley::Shared<K, V>>(),
        Entrant::new::<loxley::PerOperation<K, V>>(),
        Entrant::new::<loxley::Batched<K, V>>(),
        Entrant::new::<papaya::Shared<K, V>>(),
        Entrant::new::<papaya::PerOperation<K, V>>(),
        Entrant::new::<dashmap::DashMap<K, V>>(),
        Entrant::new::<scc::Scc<K, V>>(),
        Entrant::new::<index::Shared<K, V>>(),
        Entrant::new::<index::PerOperation<K, V>>(),
        Entrant::new::<flurry::Flurry<K, V>>(),
        Entrant::new::<locked::RwLocked<K, V>>(),
        Entrant::new::<locked::Mutexed<K, V>>(),
        Entrant::new::<std::Std<K, V>>(),
    ]
}

/// The names of all, in the order of the tables.
pub(crate) fn names() -> Vec<&'static str> {
    all::<u64, u64>().iter().map(|entrant| entrant.name).collect()
}
