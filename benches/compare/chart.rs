//! Bar charts of the throughput rows: a picture for each load, a panel in it for each row.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::contender::Role;
use crate::kind::Kind;
use crate::load::Load;
use crate::results::{Comparison, Measured};
use crate::sizes::Count;
use crate::stats::Summary;

/// Halfway between black and white, as are all colours here: the background is that of the page,
/// which may be light or dark.
const INK: RGBColor = RGBColor(0x7b, 0x84, 0x90);
const LOXLEY: RGBColor = RGBColor(0x2f, 0x81, 0xf7);
const RIVAL: RGBColor = RGBColor(0xc0, 0x7a, 0x1c);

const WIDTH: u32 = 960;
const TITLE: i32 = 34;
const PANEL_TITLE: i32 = 26;
const BAR: i32 = 18;
/// Space for the names to the left of the bars, and for the figures to the right.
const NAMES: i32 = 92;
const FIGURES: i32 = 60;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws all rows into files named after their loads and kinds of entries.
pub(crate) fn draw_all(directory: &Path, comparisons: &[Comparison]) -> Result<()> {
    let mut charts: BTreeMap<(Load, Kind), Vec<&Comparison>> = BTreeMap::new();
    for comparison in comparisons {
        charts.entry((comparison.row.load, comparison.row.kind)).or_default().push(comparison);
    }
    for ((load, kind), mut rows) in charts {
        rows.sort_by_key(|comparison| (comparison.row.entries, comparison.row.threads));
        let name = if kind == Kind::U64 { format!("{load}.svg") } else { format!("{load}-{kind}.svg") };
        let path = directory.join(name);
        let title = format!("{}: {}, million per second", load.description(), kind.types());
        // The library's errors borrow from what was drawn on.
        draw(&path, &title, &rows).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Panels in two columns.
fn draw(path: &Path, title: &str, rows: &[&Comparison]) -> Result<()> {
    let bars = rows.iter().map(|row| row.measured.len()).max().unwrap_or(0) as i32;
    let panel_height = PANEL_TITLE + bars * BAR + BAR;
    let lines = rows.len().div_ceil(2) as i32;
    let height = TITLE + lines * panel_height;
    let root = SVGBackend::new(path, (WIDTH, height as u32)).into_drawing_area();
    root.draw(&Text::new(title.to_owned(), (8, 8), text(18, HPos::Left, VPos::Top)))?;
    let (_, below) = root.split_vertically(TITLE);
    let panels = below.split_evenly((lines as usize, 2));
    for (panel, row) in panels.iter().zip(rows) {
        draw_panel(panel, row)?;
    }
    root.present()?;
    Ok(())
}

/// A bar for each contender as long as it is fast, with a line from its slowest to its fastest round.
fn draw_panel(panel: &Area<'_>, comparison: &Comparison) -> Result<()> {
    let row = &comparison.row;
    let threads = if row.threads == 1 { "1 thread, CPU time".into() } else { format!("{} threads", row.threads) };
    let title = format!("{} entries, {threads}", Count(row.entries));
    panel.draw(&Text::new(title, (NAMES, 6), text(14, HPos::Left, VPos::Top)))?;

    let speeds = comparison.measured.iter().map(|measured| (measured, Speed::of(&measured.figures)));
    let fastest = speeds.clone().fold(0.0, |fastest, (_, speed)| f64::max(fastest, speed.median));
    let room = f64::from(panel.dim_in_pixel().0 as i32 - NAMES - FIGURES);
    // A round may be faster than the fastest median; its line ends where the figures begin.
    let x = |speed: f64| NAMES + (speed / fastest * room).min(room) as i32;
    for (place, (measured, speed)) in speeds.enumerate() {
        let top = PANEL_TITLE + place as i32 * BAR;
        let (middle, bottom) = (top + BAR / 2, top + BAR - 4);
        let end = x(speed.median);
        panel.draw(&Text::new(measured.name, (NAMES - 6, middle), text(13, HPos::Right, VPos::Center)))?;
        panel.draw(&Rectangle::new([(NAMES, top + 2), (end, bottom)], style(measured)))?;
        let spread = vec![(x(speed.min), middle - 1), (x(speed.max), middle - 1)];
        panel.draw(&PathElement::new(spread, INK.stroke_width(1)))?;
        let figure = (end.max(x(speed.max)) + 5, middle);
        panel.draw(&Text::new(speed.label(), figure, text(13, HPos::Left, VPos::Center)))?;
    }
    Ok(())
}

/// Operations, in millions per second.
#[derive(Clone, Copy)]
struct Speed {
    median: f64,
    min: f64,
    max: f64,
}

impl Speed {
    fn of(nanos: &[f64]) -> Self {
        let Summary { median, min, max } = Summary::of(nanos);
        Self { median: 1e3 / median, min: 1e3 / max, max: 1e3 / min }
    }

    fn label(self) -> String {
        if self.median < 10.0 { format!("{:.1}", self.median) } else { format!("{:.0}", self.median) }
    }
}

/// Full bars for concurrent maps, hollow ones for what is there for reference.
fn style<T>(measured: &Measured<T>) -> ShapeStyle {
    match measured.role {
        Role::Loxley => LOXLEY.filled(),
        Role::Rival => RIVAL.filled(),
        Role::Lock | Role::Reference => INK.stroke_width(1),
    }
}

fn text(size: i32, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(horizontal, vertical))
}
