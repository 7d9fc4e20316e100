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

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
const MOST: [&str; 31] = [
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
];

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let root = PathBuf::from(arguments.next().expect("the crate's directory"));
    let out = PathBuf::from(arguments.next().expect("a directory for the results"));
    let names = arguments.next().expect("names of setups, or `list`");
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
    for name in names.split(',') {
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
    is_chosen: &dyn Fn(&str) -> bool,
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

    let mut log = OpenOptions::new().create(true).append(true).open(out.join("verdicts.txt"))?;
    let mut say = |mutant: &str, verdict: &str| writeln!(log, "{}\t{mutant}\t{verdict}", setup.name);
    let before = verdicts(out)?;
    for mutant in built.mutants.iter().filter(|mutant| is_chosen(&mutant.name)) {
        let known = before.get(&mutant.key);
        if known.is_some_and(|known| is_caught(known) || known.contains_key(setup.name)) {
            continue;
        }
        if built.left_out.contains(&mutant.key) {
            say(&mutant.key, "does not compile")?;
            continue;
        }
        // Those that have caught many for their time first.
        all.sort_by(|a, b| {
            let key = |test: &Test| (test.cost + 0.01) / f64::from(test.caught + 1);
            key(a).total_cmp(&key(b))
        });
        let mut verdict = "not reached".to_owned();
        for test in all.iter_mut().filter(|test| test.reached.contains(&mutant.number)) {
            verdict = "not noticed".to_owned();
            let end = test.notices(setup, &tree, mutant.number)?;
            if end.is_caught() {
                verdict = format!("caught by {} ({end:?})", test.name);
                break;
            }
        }
        say(&mutant.key, &verdict)?;
    }
    Ok(())
}

fn summary(root: &Path, out: &Path, files: &[String], is_chosen: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let verdicts = verdicts(out)?;
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut left = Vec::new();
    let mutants = list(root, files)?;
    for mutant in mutants.iter().filter(|mutant| is_chosen(&mutant.name)) {
        let Some(known) = verdicts.get(&mutant.key) else { continue };
        let row = table.entry(mutant.name.split(':').next().unwrap_or_default()).or_default();
        if is_caught(known) {
            row[0] += 1;
        } else if known.values().all(|verdict| verdict == "does not compile") {
            row[1] += 1;
        } else {
            row[2] += 1;
            let of = |verdict: &str| known.values().any(|v| v == verdict);
            left.push(format!(
                "{} ({})",
                mutant.name,
                if of("not noticed") { "not noticed" } else { "not reached" }
            ));
        }
    }
    left.iter().for_each(|mutant| println!("{mutant}"));
    println!("{:<28} caught, not compiling, left", "file");
    for (file, [caught, uncompiled, left]) in table {
        println!("{file:<28} {caught:>6} {uncompiled:>6} {left:>6}");
    }
    Ok(())
}
