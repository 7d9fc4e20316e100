//! The CSV files: `samples.csv` has every sample, `summary.csv` a line for each figure of a contender.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use csv::Writer;

use crate::results::Ratio;
use crate::stats::Summary;

/// The files of a run, or none at all.
pub(crate) struct Files(Option<Open>);

struct Open {
    directory: PathBuf,
    samples: Writer<File>,
    summary: Writer<File>,
}

/// What a figure is of.
#[derive(Clone, Copy)]
pub(crate) struct Figure<'a> {
    pub(crate) row: &'a str,
    pub(crate) contender: &'static str,
    pub(crate) name: &'a str,
    pub(crate) unit: &'static str,
}

impl Files {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn create(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let create = |name, header: &[&str]| -> Result<Writer<File>> {
            let path = directory.join(name);
            let mut writer = Writer::from_path(&path).with_context(|| path.display().to_string())?;
            writer.write_record(header)?;
            Ok(writer)
        };
        let samples = create("samples.csv", &["row", "contender", "figure", "unit", "round", "value"])?;
        let columns =
            ["row", "contender", "figure", "unit", "median", "min", "max", "times_best_other", "best_other"];
        let summary = create("summary.csv", &columns)?;
        Ok(Self(Some(Open { directory: directory.to_owned(), samples, summary })))
    }

    pub(crate) fn directory(&self) -> Option<&Path> {
        self.0.as_ref().map(|open| open.directory.as_path())
    }

    /// Writes one sample. It goes out at once: a run takes minutes and may be broken off.
    pub(crate) fn sample(&mut self, figure: Figure<'_>, round: usize, value: f64) -> Result<()> {
        let Some(open) = &mut self.0 else { return Ok(()) };
        let Figure { row, contender, name, unit } = figure;
        open.samples.write_record([row, contender, name, unit, &round.to_string(), &value.to_string()])?;
        open.samples.flush()?;
        Ok(())
    }

    /// Writes what some samples come to, and how that compares if it is loxley's.
    pub(crate) fn summary(&mut self, figure: Figure<'_>, samples: &[f64], ratio: Option<Ratio>) -> Result<()> {
        let Some(open) = &mut self.0 else { return Ok(()) };
        let Figure { row, contender, name, unit } = figure;
        let Summary { median, min, max } = Summary::of(samples);
        let [median, min, max] = [median, min, max].map(|value| value.to_string());
        let (times, rival) = ratio.map_or(<_>::default(), |ratio| (ratio.times.to_string(), ratio.rival));
        open.summary.write_record([row, contender, name, unit, &median, &min, &max, &times, rival])?;
        open.summary.flush()?;
        Ok(())
    }
}
