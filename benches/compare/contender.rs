//! What a map must be able to do to take part, and the list of those that do.

mod dashmap;
mod loxley;
mod papaya;
mod scc;
mod std;

use ::loxley::RandomState;

use crate::latency::{self, Profile};
use crate::memory::{self, Footprint};
use crate::row::Streams;
use crate::throughput::{self, Sample};

/// How many operations share a guard in the contenders named `…/64`.
pub(crate) const BATCH: usize = 64;

/// A map from `u64` to `u64` that is shared by reference.
pub(crate) trait Contender: Sized + Sync {
    /// The library, and after a slash how many operations share a guard where that is a choice.
    const NAME: &'static str;
    /// How many operations go through one view.
    const OPS_PER_VIEW: usize = BATCH;
    /// Whether it may be measured with more than one thread, and counts as a rival of loxley.
    const CONCURRENT: bool = true;

    /// What the operations are called on: a guard where the library has one, else a plain reference.
    type View<'map>: View
    where
        Self: 'map;

    /// A map that holds `capacity` entries without growing; 0 is an empty map.
    fn with_capacity(capacity: usize, hasher: RandomState) -> Self;

    fn view(&self) -> Self::View<'_>;

    /// Frees what has been removed, some `removed` entries, but was kept for readers.
    fn settle(&self, _removed: usize) {}

    /// Gives unused memory back; `false` if the library has no such operation.
    fn shrink(&self) -> bool {
        false
    }
}

/// The operations. Named unlike the libraries' own methods, which would otherwise be shadowed.
pub(crate) trait View {
    /// `get`.
    fn find(&mut self, key: u64) -> Option<u64>;
    /// `insert`: returns the previous value.
    fn put(&mut self, key: u64, value: u64) -> Option<u64>;
    /// `remove`: returns the value removed.
    fn take(&mut self, key: u64) -> Option<u64>;
    /// Atomically adds one to a value that is there; returns the new one.
    fn bump(&mut self, key: u64) -> Option<u64>;
    /// Iterates over everything.
    fn census(&mut self) -> Census;
}

/// A digest of a map's contents that does not depend on their order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Census {
    pub(crate) entries: u64,
    pub(crate) digest: u64,
}

impl Census {
    /// Counts one more entry.
    pub(crate) fn add(&mut self, key: u64, value: u64) {
        self.entries += 1;
        self.digest = self.digest.wrapping_add(key ^ value.rotate_left(17));
    }
}

impl FromIterator<(u64, u64)> for Census {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(entries: I) -> Self {
        let mut census = Self::default();
        entries.into_iter().for_each(|(key, value)| census.add(key, value));
        census
    }
}

/// A contender with its measurements compiled for it: dispatch is static inside a measurement,
/// dynamic around it.
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    pub(crate) concurrent: bool,
    pub(crate) throughput: fn(&Streams, u64) -> Sample,
    pub(crate) latency: fn(usize, u64) -> Profile,
    pub(crate) grown: fn(usize) -> Footprint,
    pub(crate) presized: fn(usize) -> Footprint,
}

impl Entrant {
    const fn new<C: Contender>() -> Self {
        Self {
            name: C::NAME,
            concurrent: C::CONCURRENT,
            throughput: throughput::measure::<C>,
            latency: latency::measure::<C>,
            grown: memory::grown::<C>,
            presized: memory::presized::<C>,
        }
    }

    /// Whether it is loxley itself, in one of its two ways of being used.
    pub(crate) fn is_loxley(&self) -> bool {
        self.name.starts_with("loxley")
    }
}

/// The contender that stands for loxley where one figure is wanted: guards shared by 64 operations.
pub(crate) static LOXLEY: Entrant = Entrant::new::<loxley::Loxley<BATCH>>();
/// Its nearest rival, used in the same way.
pub(crate) static PAPAYA: Entrant = Entrant::new::<papaya::Papaya<BATCH>>();
/// The most widely used rival.
pub(crate) static DASHMAP: Entrant = Entrant::new::<dashmap::DashMap>();

static LOXLEY_PER_OP: Entrant = Entrant::new::<loxley::Loxley<1>>();
static PAPAYA_PER_OP: Entrant = Entrant::new::<papaya::Papaya<1>>();
static SCC: Entrant = Entrant::new::<scc::Scc>();
static STD: Entrant = Entrant::new::<std::Std>();

/// Everybody.
pub(crate) static ALL: [&Entrant; 7] = [&LOXLEY, &LOXLEY_PER_OP, &STD, &DASHMAP, &PAPAYA, &PAPAYA_PER_OP, &SCC];
/// The concurrent maps, one each.
pub(crate) static CONCURRENT: [&Entrant; 4] = [&LOXLEY, &DASHMAP, &PAPAYA, &SCC];
/// The maps, one each.
pub(crate) static MAPS: [&Entrant; 5] = [&LOXLEY, &STD, &DASHMAP, &PAPAYA, &SCC];
