//! Medians: the machine is shared, and one disturbed round must not move a figure.

/// The middle of some samples and how far they spread.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Summary {
    /// # Panics
    ///
    /// If there are no samples.
    pub(crate) fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let upper = sorted[sorted.len() / 2];
        let lower = sorted[(sorted.len() - 1) / 2];
        Self { median: f64::midpoint(lower, upper), min: sorted[0], max: sorted[sorted.len() - 1] }
    }
}

/// How many times `slow` takes as long as `fast`: the median over the rounds of the quotient within
/// a round. Contenders take turns within a round, so a slow spell of the machine hits both.
pub(crate) fn quotient(slow: &[f64], fast: &[f64]) -> f64 {
    let quotients: Vec<f64> = slow.iter().zip(fast).map(|(slow, fast)| slow / fast).collect();
    Summary::of(&quotients).median
}

/// The mean for ratios: twice as much and half as much make one. `None` if there are none.
pub(crate) fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (logarithms / ratios.len() as f64).exp())
}
