//! Which files are read: all texts below the given paths, within limits, into memory.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use walkdir::{DirEntry, WalkDir};

/// A file with a NUL byte among its first so many bytes is no text.
const SNIFF: u64 = 8 << 10;

/// How many unreadable files are named; the others are only counted.
const NAMED: usize = 5;

/// How much to read, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of text, in all.
    pub(crate) total: u64,
    /// Of any one file; larger files are skipped.
    pub(crate) file: u64,
}

/// The texts that were read.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    pub(crate) texts: Vec<String>,
    pub(crate) bytes: u64,
    /// Whether the limit ended the reading before the files did.
    pub(crate) is_cut: bool,
    pub(crate) skipped: Skipped,
}

/// The files that were passed over.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    binary: usize,
    large: usize,
    pub(crate) unreadable: usize,
    /// Which ones of the unreadable were first, and why.
    pub(crate) errors: Vec<Error>,
}

/// What a file turned out to be.
#[derive(Debug, PartialEq)]
enum Content {
    Text(String),
    Binary,
    Large,
}

impl Corpus {
    /// Reads all texts below `paths`, in the order of their names.
    ///
    /// A path that cannot be read is an error; a file somewhere below it that cannot be read is
    /// skipped.
    pub(crate) fn read(paths: &[PathBuf], limits: Limits) -> Result<Self> {
        paths.iter().try_for_each(|path| check(path))?;
        let progress = spinner()?;
        let mut corpus = Self::default();
        for file in paths.iter().flat_map(|path| files(path)) {
            match file.and_then(|file| read(file.path(), limits.file)) {
                Ok(Content::Text(text)) if corpus.bytes + text.len() as u64 > limits.total => {
                    corpus.is_cut = true;
                    break;
                }
                Ok(content) => corpus.add(content),
                Err(error) => corpus.skipped.note(error),
            }
            progress.set_position(corpus.bytes);
        }
        progress.finish_and_clear();
        Ok(corpus)
    }

    fn add(&mut self, content: Content) {
        match content {
            Content::Text(text) => {
                self.bytes += text.len() as u64;
                self.texts.push(text);
            }
            Content::Binary => self.skipped.binary += 1,
            Content::Large => self.skipped.large += 1,
        }
    }
}

impl Skipped {
    fn note(&mut self, error: Error) {
        self.unreadable += 1;
        if self.errors.len() < NAMED {
            self.errors.push(error);
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binary, large, unreadable, .. } = self;
        write!(f, "skipped: {binary} binary, {large} too large, {unreadable} unreadable")
    }
}

/// Fails unless `path`, one that the user gave, can be read.
fn check(path: &Path) -> Result<()> {
    let openable = || match fs::metadata(path)?.file_type() {
        kind if kind.is_dir() => fs::read_dir(path).map(drop),
        kind if kind.is_file() => File::open(path).map(drop),
        _ => Err(io::Error::other("neither a file nor a directory")),
    };
    openable().with_context(|| cannot_read(path))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

/// All files below `root`, or `root` itself if it is one.
fn files(root: &Path) -> impl Iterator<Item = Result<DirEntry>> {
    WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(is_wanted)
        .filter(|entry| entry.as_ref().map_or(true, is_file))
        // As text, because walkdir's errors say what their source says once more.
        .map(|entry| entry.map_err(Error::msg))
}

/// Whether to read a file or enter a directory: what git and cargo store is not worth counting,
/// unless the user names it.
fn is_wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_stored = name == ".git" || name == "target" || name.starts_with("target-");
    entry.depth() == 0 || !entry.file_type().is_dir() || !is_stored
}

/// Whether this is a regular file. Links are followed only where the user names one.
fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_file() || entry.depth() == 0 && entry.path().is_file()
}

/// Reads a file of at most `limit` bytes; stops early if it turns out to be binary or larger.
fn read(path: &Path, limit: u64) -> Result<Content> {
    read_bytes(path, limit).with_context(|| cannot_read(path))
}

fn read_bytes(path: &Path, limit: u64) -> io::Result<Content> {
    let mut file = File::open(path)?.take(limit + 1);
    let mut bytes = Vec::new();
    file.by_ref().take(SNIFF).read_to_end(&mut bytes)?;
    if bytes.contains(&0) {
        return Ok(Content::Binary);
    }
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(Content::Large);
    }
    Ok(String::from_utf8(bytes).map_or(Content::Binary, Content::Text))
}

fn spinner() -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{spinner} reading {binary_bytes} of text")?;
    Ok(ProgressBar::new_spinner().with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_LIMITS: Limits = Limits { total: 1 << 40, file: 1 << 40 };

    /// A new directory, removed with everything in it when the test is over.
    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Self {
            let name = format!("loxley-wordcount-{name}-{}", std::process::id());
            let dir = Self(std::env::temp_dir().join(name));
            fs::create_dir(&dir.0).unwrap();
            dir
        }

        fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            path
        }

        fn read(&self, limits: Limits) -> Corpus {
            Corpus::read(std::slice::from_ref(&self.0), limits).unwrap()
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_text_or_binary_or_large() {
        let dir = Dir::new("kinds");
        let kind = |content: &[u8], limit| read(&dir.file("file", content), limit).unwrap();
        assert_eq!(kind("é".as_bytes(), 2), Content::Text("é".to_owned()));
        assert_eq!(kind(b"", 2), Content::Text(String::new()));
        assert_eq!(kind(b"abc", 2), Content::Large);
        assert_eq!(kind(b"a\0c", 9), Content::Binary);
        assert_eq!(kind(b"caf\xe9", 9), Content::Binary);
    }

    #[test]
    fn trees_are_read_in_order_without_what_git_and_cargo_store() {
        let dir = Dir::new("order");
        for name in ["b", "a/z", "a/target", "target/x", "target-1/x", "a/.git/x"] {
            dir.file(name, name);
        }
        assert_eq!(dir.read(NO_LIMITS).texts, ["a/target", "a/z", "b"]);
        let named = [dir.0.join("target"), dir.0.join("target-1/x")];
        let texts = Corpus::read(&named, NO_LIMITS).unwrap().texts;
        assert_eq!(texts, ["target/x", "target-1/x"]);
    }

    #[test]
    fn limits_hold() {
        let dir = Dir::new("limits");
        for (name, content) in [("a", "four"), ("b", "too long"), ("c", "five."), ("d", "!")] {
            dir.file(name, content);
        }
        let corpus = dir.read(Limits { total: 8, file: 5 });
        assert_eq!((corpus.texts, corpus.bytes), (vec!["four".to_owned()], 4));
        assert_eq!((corpus.skipped.large, corpus.is_cut), (1, true));
    }

    #[test]
    fn a_bad_path_is_named() {
        let dir = Dir::new("bad");
        let paths = [dir.file("good", "good"), dir.0.join("missing")];
        let error = Corpus::read(&paths, NO_LIMITS).unwrap_err();
        let expected = cannot_read(&paths[1]);
        assert!(format!("{error:#}").starts_with(&expected), "{error:#}");
    }

    #[test]
    fn a_file_that_vanished_is_counted_and_named() {
        let dir = Dir::new("vanished");
        let path = dir.0.join("gone");
        let mut skipped = Skipped::default();
        for _ in 0..=NAMED {
            skipped.note(read(&path, 9).unwrap_err());
        }
        assert_eq!((skipped.unreadable, skipped.errors.len()), (NAMED + 1, NAMED));
        assert_eq!(skipped.errors[0].to_string(), cannot_read(&path));
    }
}
