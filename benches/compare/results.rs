//! What has been measured, and the file of raw samples.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::contender::Entrant;
use crate::stats::{Summary, quotient};

/// The samples of one contender in one row; sample `i` of every contender is from round `i`.
pub(crate) struct Series {
    pub(crate) entrant: &'static Entrant,
    pub(crate) samples: Vec<f64>,
}

/// One row, measured.
pub(crate) struct Comparison {
    pub(crate) row: String,
    pub(crate) series: Vec<Series>,
}

impl Comparison {
    pub(crate) fn get(&self, entrant: &Entrant) -> Option<&Series> {
        self.series.iter().find(|series| series.entrant.name == entrant.name)
    }

    /// How many times as fast as `rival` is `entrant`?
    pub(crate) fn speedup(&self, entrant: &Entrant, rival: &Entrant) -> Option<f64> {
        Some(quotient(&self.get(rival)?.samples, &self.get(entrant)?.samples))
    }

    /// The fastest concurrent map that is not loxley.
    pub(crate) fn best_rival(&self) -> Option<&'static Entrant> {
        let rivals = self.series.iter().filter(|s| s.entrant.concurrent && !s.entrant.is_loxley());
        let median = |series: &&Series| Summary::of(&series.samples).median;
        rivals.min_by(|a, b| median(a).total_cmp(&median(b))).map(|series| series.entrant)
    }
}

/// A CSV file with one line for each sample, or nothing at all.
pub(crate) struct Samples(Option<BufWriter<File>>);

impl Samples {
    pub(crate) fn create(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut samples = Self(Some(BufWriter::new(file)));
        samples.line(format_args!("row,contender,figure,unit,round,value"))?;
        Ok(samples)
    }

    /// Writes one sample. No field needs quotes.
    pub(crate) fn add(
        &mut self,
        row: &str,
        entrant: &Entrant,
        figure: &str,
        unit: &str,
        round: usize,
        value: f64,
    ) -> Result<()> {
        let name = entrant.name;
        self.line(format_args!("{row},{name},{figure},{unit},{round},{value}"))
    }

    /// Every line goes out at once: a run takes minutes and may be broken off.
    fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<()> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{line}")?;
            file.flush()?;
        }
        Ok(())
    }
}
