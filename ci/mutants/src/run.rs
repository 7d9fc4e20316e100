//! Runs tests, one in a process, as the crate is or as one of its mutants.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::build::Setup;

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Passed,
    Failed,
    /// It has used up its processor time.
    Endless,
    /// It waits for something that does not come.
    Stuck,
    /// It has had its time by the clock, and did little with it: gives way to others too often. Says nothing.
    Late,
}

impl End {
    pub fn is_caught(self) -> bool {
        !matches!(self, Self::Passed | Self::Late)
    }
}

/// A test of one binary.
pub struct Test {
    pub binary: PathBuf,
    /// `binary::path::of::the::test`.
    pub name: String,
    /// Seconds of processor time.
    pub cost: f64,
    /// The mutants whose code it runs.
    pub reached: BTreeSet<u32>,
    pub caught: AtomicU32,
}

impl Test {
    fn command(&self, setup: &Setup, tree: &Path, seconds: u64) -> Command {
        let mut command = Command::new("sh");
        // Memory too: many a mutant asks for more and more.
        let limits = format!("ulimit -St {seconds} && ulimit -v 8000000 && ulimit -c 0 && exec \"$@\"");
        command.args(["-c", &limits, "sh"]).arg(&self.binary).arg("--exact");
        command.arg(self.name.split_once("::").expect("it begins with its binary").1);
        command.current_dir(tree).envs(setup.environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Whether it notices a mutant.
    pub fn notices(&self, setup: &Setup, tree: &Path, mutant: u32) -> io::Result<End> {
        let seconds = 2 + (self.cost * 5.0) as u64;
        let mut command = self.command(setup, tree, seconds);
        let (end, _) = wait(command.env("LOXLEY_MUTANT", mutant.to_string()).spawn()?, 40 * seconds)?;
        self.caught.fetch_add(end.is_caught().into(), Ordering::Relaxed);
        Ok(end)
    }
}

/// The tests of a binary that pass, with what they reach; those that take over `limit` seconds are left out.
pub fn tests(setup: &Setup, tree: &Path, name: &str, binary: &Path, limit: u64) -> io::Result<Vec<Test>> {
    let listed = Command::new(binary).args(["--list", "--format", "terse"]).current_dir(tree).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut found = Vec::new();
    for test in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
        let name = format!("{name}::{test}");
        let mut test = Test {
            binary: binary.to_owned(),
            name,
            cost: 0.0,
            reached: BTreeSet::new(),
            caught: AtomicU32::new(0),
        };
        let path = tree.join(format!("target/{}.reached", setup.name));
        let file = fs::OpenOptions::new().create(true).append(true).read(true).open(&path)?;
        file.set_len(0)?;
        let mut command = Command::new("sh");
        // The shell hands on what it has opened, as number 9.
        let inner = test.command(setup, tree, limit);
        command.args(["-c", &format!("exec 9>>'{}' && exec \"$@\"", path.display()), "sh"]);
        command.arg(inner.get_program()).args(inner.get_args()).current_dir(tree);
        command.envs(setup.environment.iter().copied()).env("LOXLEY_MUTANT_FD", "9");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (end, cost) = wait(command.spawn()?, 40 * limit)?;
        if end != End::Passed {
            eprintln!("{}: {} is left out: {end:?} after {cost:.1} s", setup.name, test.name);
            continue;
        }
        test.cost = cost;
        let mut bytes = Vec::new();
        (&file).read_to_end(&mut bytes)?;
        test.reached = bytes.chunks_exact(4).map(|n| u32::from_ne_bytes(n.try_into().expect("four"))).collect();
        found.push(test);
    }
    Ok(found)
}

/// The end of a process and its processor time in seconds. What waits is told by its processor time, for on a busy machine, or
/// one that has been stopped, no clock says anything.
/// It gets so many `seconds` by the clock.
fn wait(mut child: Child, seconds: u64) -> io::Result<(End, f64)> {
    let (mut used, mut idle, mut waited, mut pause) = (0.0, 0.0, 0.0, 0.001);
    loop {
        if let Some(status) = child.try_wait()? {
            use std::os::unix::process::ExitStatusExt;
            const SIGXCPU: i32 = 24;
            let end = match (status.success(), status.signal()) {
                (true, _) => End::Passed,
                (_, Some(SIGXCPU)) => End::Endless,
                _ => End::Failed,
            };
            return Ok((end, used));
        }
        match processor_time(child.id()) {
            Some((now, waits)) => {
                idle = if waits && now == used { idle + pause } else { 0.0 };
                used = now;
            }
            None => idle = 0.0,
        }
        if idle > 10.0 || waited > seconds as f64 {
            child.kill()?;
            child.wait()?;
            return Ok((if idle > 10.0 { End::Stuck } else { End::Late }, used));
        }
        waited += pause;
        thread::sleep(Duration::from_secs_f64(pause));
        pause = (pause * 1.3).min(0.05);
    }
}

/// The processor time of a process in seconds, and whether none of its threads wants more.
fn processor_time(pid: u32) -> Option<(f64, bool)> {
    let fields = |path: PathBuf| {
        let text = fs::read_to_string(path).ok()?;
        let fields: Vec<String> = text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect();
        Some(fields)
    };
    let all = fields(PathBuf::from(format!("/proc/{pid}/stat")))?;
    let ticks: f64 = all[11].parse::<f64>().ok()? + all[12].parse::<f64>().ok()?;
    let mut waits = true;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        waits &= fields(thread.ok()?.path().join("stat")).is_some_and(|fields| fields[0] == "S");
    }
    Some((ticks / 100.0, waits))
}
