//! Writes the mutated crate next to the original and builds its tests, without the mutants that do not compile.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::rewrite::{Mutant, Piece, Rewritten, rewrite};

/// A way to build the tests and to run them.
pub struct Setup {
    pub name: &'static str,
    pub rustflags: &'static str,
    /// Arguments of `cargo test` that say which tests.
    pub tests: &'static [&'static str],
    pub environment: &'static [(&'static str, &'static str)],
}

pub struct Built {
    /// Names and paths.
    pub binaries: Vec<(String, PathBuf)>,
    /// All, in the order of the files.
    pub mutants: Vec<Mutant>,
    /// The keys of those that do not compile.
    pub left_out: BTreeSet<String>,
}

/// Not what is tested but what tests.
const LEFT_OUT: [&str; 3] = ["check.rs", "hooks.rs", "guards.rs"];

/// The sources below src/raw, in a fixed order.
pub fn sources(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from("src/raw")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root.join(&directory))? {
            let path = directory.join(entry?.file_name());
            if root.join(&path).is_dir() {
                directories.push(path);
            } else if !LEFT_OUT.iter().any(|name| path.ends_with(name)) {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file if it differs, so that cargo need not build what is the same.
fn put(path: &Path, contents: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|now| now == contents) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().expect("a file is in a directory"))?;
    fs::write(path, contents)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        Ok(())
    } else {
        put(to, &fs::read(from)?)
    }
}

/// All mutants of `files`, none written.
pub fn list(root: &Path, files: &[String]) -> io::Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for file in files {
        let text = fs::read_to_string(root.join(file))?;
        let rewritten = rewrite(file, &text, 1 + mutants.len() as u32, &|_| true).map_err(io::Error::other)?;
        mutants.extend(rewritten.mutants);
    }
    Ok(mutants)
}

/// Builds the tests of `setup` with the mutants of `files` in the crate, in `tree`.
pub fn build(root: &Path, tree: &Path, files: &[String], setup: &Setup) -> io::Result<Built> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    put(&tree.join("Cargo.toml"), without_benches(&manifest).as_bytes())?;
    for part in ["src", "tests", "README.md", "fuzz/bodies", "fuzz/corpus"] {
        let is_rewritten = |path: &str| files.iter().any(|file| file == path) || path == "src/lib.rs";
        if part == "src" {
            copy_sources(root, tree, Path::new(part), &is_rewritten)?;
        } else {
            copy(&root.join(part), &tree.join(part))?;
        }
    }
    if !tree.join("Cargo.lock").exists() {
        copy(&root.join("Cargo.lock"), &tree.join("Cargo.lock"))?;
    }
    let features = "#![feature(const_eval_select, core_intrinsics)]\n";
    let lib = fs::read_to_string(root.join("src/lib.rs"))?;
    put(&tree.join("src/lib.rs"), format!("{features}{lib}\npub(crate) mod mutant;\n").as_bytes())?;
    put(&tree.join("src/mutant.rs"), include_bytes!("switch.rs"))?;

    // What did not compile before would not now, and cargo builds what has been written anew.
    let known = tree.join("does-not-compile.txt");
    let mut left_out: BTreeSet<String> =
        fs::read_to_string(&known).unwrap_or_default().lines().map(str::to_owned).collect();
    loop {
        let mut written: Vec<(String, Rewritten)> = Vec::new();
        let mut first = 1;
        for file in files {
            let text = fs::read_to_string(root.join(file))?;
            let rewritten =
                rewrite(file, &text, first, &|key| left_out.contains(key)).map_err(io::Error::other)?;
            first += rewritten.mutants.len() as u32;
            put(&tree.join(file), rewritten.text.as_bytes())?;
            written.push((file.clone(), rewritten));
        }
        // First only check it: that is quick.
        let faults = match cargo(tree, setup, "check")? {
            Ok(_) => match cargo(tree, setup, "test")? {
                Ok(binaries) => {
                    let mutants = written.into_iter().flat_map(|(_, rewritten)| rewritten.mutants).collect();
                    return Ok(Built { binaries, mutants, left_out });
                }
                Err(faults) => faults,
            },
            Err(faults) => faults,
        };
        let before = left_out.len();
        for fault in &faults {
            let Some((_, rewritten)) = written.iter().find(|(file, _)| fault.file.ends_with(file.as_str())) else {
                continue;
            };
            let around =
                |piece: &&Piece| piece.bytes.start <= fault.primary.start && fault.primary.end <= piece.bytes.end;
            let smallest = rewritten.pieces.iter().filter(around).min_by_key(|piece| piece.bytes.len());
            // Or it is for want of a `return`: in a block that must end with one, or before a value is used that has been moved; where
            // there is a loop, that may also come soon after.
            let about =
                |piece: &&Piece| fault.all.start <= piece.bytes.start && piece.bytes.end <= fault.all.end + 400;
            let is_gone = |mutant: &&Mutant| mutant.name.contains("statement is gone");
            let some =
                smallest.map_or_else(|| rewritten.pieces.iter().filter(about).collect(), |piece| vec![piece]);
            let numbers: BTreeSet<u32> = some.iter().flat_map(|piece| piece.numbers.iter().copied()).collect();
            let blamed = rewritten.mutants.iter().filter(|mutant| numbers.contains(&mutant.number));
            left_out.extend(blamed.filter(|m| smallest.is_some() || is_gone(m)).map(|mutant| mutant.key.clone()));
        }
        if left_out.len() == before {
            let texts: Vec<_> = faults.iter().map(|fault| fault.text.as_str()).collect();
            return Err(io::Error::other(format!("{}: does not compile:\n{}", setup.name, texts.join("\n"))));
        }
        eprintln!("{}: {} mutants do not compile", setup.name, left_out.len());
        put(&known, left_out.iter().map(|key| format!("{key}\n")).collect::<String>().as_bytes())?;
    }
}

fn copy_sources(root: &Path, tree: &Path, part: &Path, except: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(root.join(part))? {
        let path = part.join(entry?.file_name());
        if root.join(&path).is_dir() {
            copy_sources(root, tree, &path, except)?;
        } else if !except(&path.to_string_lossy()) {
            copy(&root.join(&path), &tree.join(&path))?;
        }
    }
    Ok(())
}

/// The manifest without benchmarks, and without what only they and the examples need: each setup would build all of that anew.
fn without_benches(manifest: &str) -> String {
    const NEEDED: [&str; 4] = ["arbitrary", "proptest", "proptest-state-machine", "rand"];
    let mut kept = String::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let name = line.split_once(" = ").map(|(name, _)| name);
        let is_needed = !section.ends_with("dev-dependencies]") || name.is_none_or(|name| NEEDED.contains(&name));
        if section != "[[bench]]" && is_needed {
            kept += line;
            kept += "\n";
        }
    }
    kept
}

/// An error of the compiler.
struct Fault {
    file: String,
    primary: Range<usize>,
    /// From the first byte that it mentions to the last.
    all: Range<usize>,
    text: String,
}

/// The test binaries, or what the compiler has against it.
fn cargo(tree: &Path, setup: &Setup, command: &str) -> io::Result<Result<Vec<(String, PathBuf)>, Vec<Fault>>> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(tree).args([command, "--message-format=json"]);
    match command {
        "test" => cargo.arg("--no-run").args(setup.tests),
        _ => cargo.args(["--keep-going", "--profile", "test", "--lib"]),
    };
    let flags =
        format!("--cap-lints allow {} {}", setup.rustflags, std::env::var("RUSTFLAGS").unwrap_or_default());
    cargo
        .env("RUSTFLAGS", flags)
        // For an intrinsic that tells compile time from run time.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", tree.join("target").join(setup.name))
        .stdout(Stdio::piped())
        .stderr(if command == "test" { Stdio::inherit() } else { Stdio::null() });
    let mut child = cargo.spawn()?;
    let (mut binaries, mut faults) = (Vec::new(), Vec::new());
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
        if let Some(path) = message["executable"].as_str() {
            binaries.push((message["target"]["name"].as_str().unwrap_or("?").to_owned(), PathBuf::from(path)));
        }
        let error = &message["message"];
        if error["level"] == "error" {
            let text = error["rendered"].as_str().unwrap_or_default();
            let spans = error["spans"].as_array().map_or(&[][..], |spans| spans);
            for primary in spans.iter().filter(|span| span["is_primary"] == true) {
                let here = spans.iter().filter(|span| span["file_name"] == primary["file_name"]);
                faults.push(Fault {
                    file: primary["file_name"].as_str().unwrap_or_default().to_owned(),
                    primary: bytes(primary),
                    all: here.map(bytes).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or_default(),
                    text: text.to_owned(),
                });
            }
        }
    }
    Ok(if child.wait()?.success() { Ok(binaries) } else { Err(faults) })
}

fn bytes(span: &Value) -> Range<usize> {
    let number = |name: &str| span[name].as_u64().unwrap_or(0) as usize;
    number("byte_start")..number("byte_end")
}
