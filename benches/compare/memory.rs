//! Memory rows: how much a map takes, by what it requests and by what the process then occupies.
//!
//! Each figure comes from a process that does nothing else: an allocator that other maps have used
//! has holes, in which a map would look smaller than it is.

use std::env;
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};

use crate::alloc;
use crate::contender::{Contender, View};
use crate::entrant;
use crate::keys::{hasher, key};
use crate::kind::{Key, Kind, Value, for_kind};

/// What one process found out, in the order in which it did.
pub(crate) type Footprint = Vec<Stage>;

/// The memory of a map at one moment.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// Bytes requested from the allocator.
    pub(crate) requested: isize,
    /// Bytes by which the process has grown; `None` where the system does not tell.
    pub(crate) resident: Option<isize>,
}

/// The moments in the life of a map that are looked at.
pub(crate) const STAGES: [&str; 6] = ["empty", "grown", "emptied", "shrunk", "presized", "churned"];

/// Follows a map that grows from empty to `entries`, loses all of them and is shrunk.
pub(crate) fn grown<C: Contender>(entries: usize) -> Footprint {
    // Allocated before the baseline is taken, as not to be counted.
    let mut footprint = Footprint::with_capacity(STAGES.len());
    let base = Baseline::<C>::take();
    let map = C::with_capacity(0, hasher(0));
    footprint.push(base.compare("empty", settled(&base.witness)));
    in_views(&map, entries, put);
    footprint.push(base.compare("grown", settled(&map)));
    in_views(&map, entries, take);
    map.settle(entries);
    footprint.push(base.compare("emptied", settled(&map)));
    if map.shrink() {
        footprint.push(base.compare("shrunk", settled(&map)));
    }
    footprint
}

/// Fills a map that was made for `entries` and then replaces them all by new ones, one by one, four
/// times over. Here nothing is flushed: garbage that piles up is what this looks for.
pub(crate) fn presized<C: Contender>(entries: usize) -> Footprint {
    let mut footprint = Footprint::with_capacity(STAGES.len());
    let base = Baseline::<C>::take();
    let map = C::with_capacity(entries, hasher(0));
    in_views(&map, entries, put);
    footprint.push(base.compare("presized", alloc::live()));
    in_views(&map, 2 * 4 * entries, |view, op| match op % 2 {
        0 => put(view, entries + op / 2),
        _ => take(view, op / 2),
    });
    footprint.push(base.compare("churned", alloc::live()));
    footprint
}

/// What a process of its own is to find out.
struct Request<'a> {
    contender: &'a str,
    life: Life,
    entries: usize,
}

/// The part of the program that runs in a process of its own: prints what a map of the contender
/// takes in its life. `request` is as [`measure`] writes it.
pub(crate) fn child(request: &str) -> Result<()> {
    let parts: Vec<&str> = request.split(':').collect();
    let [contender, life, entries, kind] = parts[..] else { bail!("not a request: {request}") };
    let request = Request { contender, life: life.parse()?, entries: entries.parse()? };
    let kind = Kind::ALL.into_iter().find(|known| known.to_string() == kind).context("no such kind")?;
    alloc::start_counting();
    for Stage { name, requested, resident } in for_kind!(kind, |K, V| follow::<K, V>(&request))? {
        println!("{name} {requested} {}", resident.map_or("-".into(), |bytes| bytes.to_string()));
    }
    Ok(())
}

fn follow<K: Key, V: Value>(request: &Request<'_>) -> Result<Footprint> {
    let mut entrants = entrant::all::<K, V>().into_iter();
    let entrant = entrants.find(|entrant| entrant.name == request.contender).context("no such contender")?;
    Ok(match request.life {
        Life::Grown => (entrant.grown)(request.entries),
        Life::Presized => (entrant.presized)(request.entries),
    })
}

/// Runs [`child`] for both lives of a contender's map and collects what they print.
pub(crate) fn measure(contender: &str, kind: Kind, entries: usize) -> Result<Footprint> {
    let mut footprint = Footprint::new();
    for life in ["grown", "presized"] {
        let request = format!("{contender}:{life}:{entries}:{kind}");
        let output =
            Command::new(env::current_exe()?).args(["--memory-of", &request]).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            bail!("the process that measures {request} failed: {}", output.status);
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            footprint.push(Stage::parse(line).with_context(|| format!("{request}: {line:?}"))?);
        }
    }
    Ok(footprint)
}

/// The two lives of a map that are followed.
#[derive(Clone, Copy)]
pub(crate) enum Life {
    Grown,
    Presized,
}

impl FromStr for Life {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "grown" => Ok(Self::Grown),
            "presized" => Ok(Self::Presized),
            _ => bail!("no life of a map: {name}"),
        }
    }
}

impl Stage {
    fn parse(line: &str) -> Result<Self> {
        let mut words = line.split(' ');
        let mut word = || words.next().context("too few words");
        let name = word()?;
        let name = STAGES.into_iter().find(|&stage| stage == name);
        let requested = word()?.parse()?;
        let resident = word()?.parse().ok();
        Ok(Self { name: name.ok_or_else(|| anyhow!("unknown stage"))?, requested, resident })
    }
}

/// What the process had before the map was made.
struct Baseline<C> {
    /// Another map, which has been used: libraries set up things that belong to the process.
    witness: C,
    requested: isize,
    resident: Option<isize>,
}

impl<C: Contender> Baseline<C> {
    fn take() -> Self {
        let witness = C::with_capacity(0, hasher(0));
        in_views(&witness, 1, put);
        in_views(&witness, 1, take);
        Self { requested: settled(&witness), resident: resident(), witness }
    }

    /// What has been added when `requested` is the number of bytes there are now.
    fn compare(&self, name: &'static str, requested: isize) -> Stage {
        let resident = resident().zip(self.resident).map(|(now, before)| now - before);
        Stage { name, requested: requested - self.requested, resident }
    }
}

/// The bytes requested when all has been freed that can be. The least of some looks, as collectors
/// have small garbage of their own that comes and goes.
fn settled<C: Contender>(map: &C) -> isize {
    let looks = (0..4).map(|_| {
        map.settle(0);
        alloc::live()
    });
    looks.min().unwrap_or_default()
}

/// Calls `operation` with the numbers below `count`.
fn in_views<'map, C: Contender>(map: &'map C, count: usize, operation: impl Fn(&mut C::View<'map>, usize)) {
    for start in (0..count).step_by(C::OPS_PER_VIEW) {
        let mut view = map.view();
        for number in start..count.min(start + C::OPS_PER_VIEW) {
            operation(&mut view, number);
        }
    }
}

/// Inserts the `index`-th key.
fn put<W: View>(view: &mut W, index: usize) {
    let key = W::Key::of(key(index as u64));
    view.put(&key, W::Value::of(key.digest()));
}

/// Removes the `index`-th key.
fn take<W: View>(view: &mut W, index: usize) {
    view.take(&W::Key::of(key(index as u64)));
}

/// The bytes of memory that the process occupies.
///
/// `VmRSS` in `/proc/self/status` says the same, but only roughly: it leaves out what each
/// processor has not yet reported.
fn resident() -> Option<isize> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<isize>().ok()? * 1024)
}
