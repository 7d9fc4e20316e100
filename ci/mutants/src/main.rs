//! Mutation tests: changes the source in small ways, and sees whether a test fails.
//!
//! All changes are compiled into one crate, each behind a question whether it is the chosen one; the environment says which one is.
//! So a change costs the time of the tests that run its code, one after the other until one fails, and not the compiler's. That
//! also makes it possible to ask the model checkers.
//!
//! See ci/mutants.sh.

mod build;
mod rewrite;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;

use build::{Setup, build, list, sources};
use run::{Test, tests};

const QUICK: [&str; 3] = ["--lib", "--test", "fuzz_corpus"];

const SETUPS: [Setup; 7] = [
    Setup {
        name: "two",
        rustflags: "--cfg loxley_hooks --cfg loxley_slots=\"2\"",
        tests: &MOST,
        environment: &[],
    },
    Setup {
        name: "one",
        rustflags: "--cfg loxley_hooks --cfg loxley_slots=\"1\"",
        tests: &MOST,
        environment: &[],
    },
    Setup { name: "seven", rustflags: "--cfg loxley_hooks", tests: &MOST, environment: &[] },
    Setup {
        name: "shuttle-1",
        rustflags: "--cfg shuttle --cfg loxley_slots=\"1\"",
        tests: &["--test", "shuttle"],
        environment: &[("LOXLEY_SCHEDULES", "3000"), ("RUST_BACKTRACE", "0")],
    },
    Setup {
        name: "shuttle-2",
        rustflags: "--cfg shuttle --cfg loxley_slots=\"2\"",
        tests: &["--test", "shuttle"],
        environment: &[("LOXLEY_SCHEDULES", "3000"), ("RUST_BACKTRACE", "0")],
    },
    Setup {
        name: "loom-1",
        rustflags: "--cfg loom --cfg loxley_slots=\"1\"",
        tests: &["--test", "loom_*"],
        environment: &[("LOXLEY_PREEMPTIONS", "2"), ("RUST_BACKTRACE", "0")],
    },
    Setup {
        name: "loom-2",
        rustflags: "--cfg loom --cfg loxley_slots=\"2\"",
        tests: &["--test", "loom_*"],
        environment: &[("LOXLEY_PREEMPTIONS", "2"), ("RUST_BACKTRACE", "0")],
    },
];

/// Not those that take long, and of linearizability what shuttle does better.
const MOST: [&str; 33] = [
    QUICK[0],
    QUICK[1],
    QUICK[2],
    "--test",
    "api",
    "--test",
    "model",
    "--test",
    "bad_hash",
    "--test",
    "drops",
    "--test",
    "owned",
    "--test",
    "compute",
    "--test",
    "entry",
    "--test",
    "reserve",
    "--test",
    "batch",
    "--test",
    "iteration",
    "--test",
    "wraparound",
    "--test",
    "panics",
    "--test",
    "tuning",
    "--test",
    "robin_hood",
    "--test",
    "scan",
];

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let root = PathBuf::from(arguments.next().expect("the crate's directory"));
    let out = PathBuf::from(arguments.next().expect("a directory for the results"));
    let names = arguments.next().expect("names of setups, `none` or `list`");
    let chosen: Vec<String> = arguments.collect();
    let files = sources(&root)?;
    let is_chosen =
        |name: &str| chosen.is_empty() || chosen.iter().any(|file| name.starts_with(&format!("{file}:")));
    fs::create_dir_all(&out)?;
    let (root, out) = (root.canonicalize()?, out.canonicalize()?);
    if names == "list" {
        let mutants = list(&root, &files)?;
        mutants
            .iter()
            .filter(|mutant| is_chosen(&mutant.name))
            .for_each(|mutant| println!("{}\t{}", mutant.name, mutant.key));
        return Ok(());
    }
    for name in names.split(',').filter(|name| *name != "none") {
        let setup = SETUPS.iter().find(|setup| setup.name == name).unwrap_or_else(|| panic!("no setup {name}"));
        round(&root, &out, &files, setup, &is_chosen)?;
    }
    summary(&root, &out, &files, &is_chosen)
}

/// The verdicts so far: for each mutant the setup and what became of it there.
fn verdicts(out: &Path) -> io::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut verdicts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let text = fs::read_to_string(out.join("verdicts.txt")).or_else(|e| match e.kind() {
        io::ErrorKind::NotFound => Ok(String::new()),
        _ => Err(e),
    })?;
    for line in text.lines() {
        if let [setup, mutant, verdict] = line.split('\t').collect::<Vec<_>>()[..] {
            verdicts.entry(mutant.to_owned()).or_default().insert(setup.to_owned(), verdict.to_owned());
        }
    }
    Ok(verdicts)
}

fn is_caught(verdicts: &BTreeMap<String, String>) -> bool {
    verdicts.values().any(|verdict| verdict.starts_with("caught"))
}

/// All chosen mutants that no earlier round has caught, by the tests of one setup.
fn round(
    root: &Path,
    out: &Path,
    files: &[String],
    setup: &Setup,
    is_chosen: &(dyn Fn(&str) -> bool + Sync),
) -> io::Result<()> {
    let tree = out.join("tree");
    let built = build(root, &tree, files, setup)?;
    let limit = std::env::var("COST").ok().and_then(|cost| cost.parse().ok()).unwrap_or(10);
    let mut all: Vec<Test> = Vec::new();
    let only = std::env::var("TESTS").unwrap_or_default();
    let is_wanted = |name: &str| only.is_empty() || only.split(',').any(|wanted| wanted == name);
    for (name, binary) in built.binaries.iter().filter(|(name, _)| is_wanted(name)) {
        all.extend(tests(setup, &tree, name, binary, limit)?);
    }
    let cost: f64 = all.iter().map(|test| test.cost).sum();
    eprintln!(
        "{}: {} tests of {cost:.0} s, {} mutants compile",
        setup.name,
        all.len(),
        built.mutants.len() - built.left_out.len()
    );

    let log = Mutex::new(OpenOptions::new().create(true).append(true).open(out.join("verdicts.txt"))?);
    let before = verdicts(out)?;
    let untried = built.mutants.iter().filter(|mutant| {
        let known = before.get(&mutant.key);
        is_chosen(&mutant.name) && !known.is_some_and(|known| is_caught(known) || known.contains_key(setup.name))
    });
    let untried = Mutex::new(untried);
    let work = || {
        loop {
            let Some(mutant) = untried.lock().expect("no panics").next() else { return Ok(()) };
            let verdict = if built.left_out.contains(&mutant.key) {
                "does not compile".to_owned()
            } else {
                judge(&all, setup, &tree, mutant.number)?
            };
            writeln!(log.lock().expect("no panics"), "{}\t{}\t{verdict}", setup.name, mutant.key)?;
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..thread::available_parallelism()?.get()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no panics"))
    })
}

/// What becomes of a mutant: tests that run its code are asked until one fails.
fn judge(all: &[Test], setup: &Setup, tree: &Path, mutant: u32) -> io::Result<String> {
    let mut asked: Vec<_> = all.iter().filter(|test| test.reached.contains(&mutant)).collect();
    if asked.is_empty() {
        return Ok("not reached".to_owned());
    }
    // Those that have caught many for their time first.
    asked.sort_by_cached_key(|test| (1e6 * (test.cost + 0.01)) as u32 / (test.caught.load(Ordering::Relaxed) + 1));
    for test in asked {
        let end = test.notices(setup, tree, mutant)?;
        if end.is_caught() {
            return Ok(format!("caught by {} ({end:?})", test.name));
        }
    }
    Ok("not noticed".to_owned())
}

/// The mutants that ci/mutants/left.txt says a reason for: each a line, below the reason for it and others.
fn explained(root: &Path) -> io::Result<BTreeSet<String>> {
    let text = fs::read_to_string(root.join("ci/mutants/left.txt"))?;
    Ok(text.lines().filter(|line| line.starts_with("src/")).map(str::to_owned).collect())
}

/// Says how many of the chosen mutants are caught, and names those that are neither that nor explained.
fn summary(
    root: &Path,
    out: &Path,
    files: &[String],
    is_chosen: &(dyn Fn(&str) -> bool + Sync),
) -> io::Result<()> {
    let (verdicts, mut explained) = (verdicts(out)?, explained(root)?);
    let mut table: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    let mutants = list(root, files)?;
    for mutant in &mutants {
        let is_explained = explained.remove(&mutant.key);
        if !is_chosen(&mutant.name) {
            continue;
        }
        let row = table.entry(mutant.name.split(':').next().unwrap_or_default()).or_default();
        let column = match verdicts.get(&mutant.key) {
            None => 4,
            Some(known) if is_caught(known) => 0,
            Some(known) if known.values().all(|verdict| verdict == "does not compile") => 1,
            Some(_) if is_explained => 2,
            Some(known) => {
                let noticed =
                    if known.values().any(|v| v == "not noticed") { "not noticed" } else { "not reached" };
                println!("{} ({noticed})\t{}", mutant.name, mutant.key);
                3
            }
        };
        row[column] += 1;
    }
    explained.iter().for_each(|key| println!("ci/mutants/left.txt explains what does not exist: {key}"));
    println!("{:<28} caught, not compiling, explained, left, not tried", "file");
    for (file, [caught, uncompiled, explained, left, untried]) in table {
        println!("{file:<28} {caught:>6} {uncompiled:>14} {explained:>10} {left:>5} {untried:>10}");
    }
    Ok(())
}
