//! The rows to train on: all, or a sample of them if option `max_rows` asks for one.

use std::borrow::Cow;

use super::gather;
use super::sample::Sample;
use super::seen::Seen;
use super::table::{RowId, Table};
use crate::fit::options::Options;
use crate::model::Model;

/// The rows to train on: a sample if option `max_rows` asks for one.
pub(in crate::fit) struct Sampled<'a> {
    pub(in crate::fit) rows: Cow<'a, [RowId]>,
    of: Option<SampleOf>,
}

/// What a sample was drawn from.
struct SampleOf {
    max_rows: u64,
    seen: Seen,
    /// The bound, and the copies of the row that has most; `None` where several samples were drawn.
    one: Option<(u64, usize)>,
}

impl<'a> Sampled<'a> {
    pub(in crate::fit) fn of(table: &Table<'_>, rows: &'a [RowId], options: &Options) -> Self {
        let Some(max_rows) = options.max_rows() else {
            return Self { rows: Cow::Borrowed(rows), of: None };
        };
        let (usable, seen) = usable(table, rows, options);
        let sample = Sample::of(table, &usable, options.seed, limit(max_rows));
        let of = SampleOf { max_rows, seen, one: Some((sample.bound, sample.copies)) };
        Self { rows: Cow::Owned(sample.rows), of: Some(of) }
    }

    /// The model of these rows, with what they are a sample of.
    pub(in crate::fit) fn mark(&self, model: Model) -> Model {
        let Some(SampleOf { max_rows, seen, one }) = self.of else { return model };
        let kept = self.rows.len();
        let warning = one.and_then(|(bound, copies)| lumpy(kept, copies, seen.rows, bound));
        model.of_sample(max_rows, seen.rows, seen.skipped, warning)
    }
}

/// The rows of campaigns to train on, and the campaign of each: of every campaign a sample if option `max_rows` asks.
pub(in crate::fit) fn sampled_of_campaigns<'a>(
    table: &Table<'_>,
    rows: &'a [RowId],
    campaigns: &'a [u32],
    options: &Options,
) -> (Sampled<'a>, Cow<'a, [u32]>) {
    let Some(max_rows) = options.max_rows() else {
        return (Sampled { rows: Cow::Borrowed(rows), of: None }, Cow::Borrowed(campaigns));
    };
    let (usable, seen, of_usable) = usable_of_campaigns(table, rows, campaigns, options);
    let samples = Sample::of_campaigns(table, &usable, &of_usable, options.seed, limit(max_rows));
    let mut kept = Vec::new();
    let mut of_kept = Vec::new();
    for (campaign, sample) in samples {
        of_kept.resize(of_kept.len() + sample.rows.len(), campaign);
        kept.extend(sample.rows);
    }
    let of = Some(SampleOf { max_rows, seen, one: None });
    (Sampled { rows: Cow::Owned(kept), of }, Cow::Owned(of_kept))
}

fn limit(max_rows: u64) -> usize {
    usize::try_from(max_rows).unwrap_or(usize::MAX)
}

/// The rows with a finite label, and how many there were before a sample was drawn of them, here or by an adapter.
fn usable(table: &Table<'_>, rows: &[RowId], options: &Options) -> (Vec<RowId>, Seen) {
    let (usable, seen, _) = usable_of_campaigns(table, rows, &vec![0; rows.len()], options);
    (usable, seen)
}

fn usable_of_campaigns(
    table: &Table<'_>,
    rows: &[RowId],
    campaigns: &[u32],
    options: &Options,
) -> (Vec<RowId>, Seen, Vec<u32>) {
    let mut labels = Vec::new();
    gather::labels(table, rows, &mut labels);
    let finite = rows.iter().zip(campaigns).zip(&labels).filter(|(_, label)| label.is_finite());
    let (usable, campaigns): (Vec<RowId>, Vec<u32>) =
        finite.map(|((row, campaign), _)| (*row, *campaign)).unzip();
    let here = Seen { rows: usable.len() as u64, skipped: (rows.len() - usable.len()) as u64 };
    (usable, options.seen.unwrap_or(here), campaigns)
}

/// A sample that is this much larger or smaller than its hashes say has copies to blame; and so much of it is much for one
/// row.
const LUMPY: f64 = 0.1;

/// A warning where so many rows are copies that what is kept of them is a matter of luck. Hashes are spread evenly: if no
/// row had a copy, the share of the rows with hashes up to the bound would be that of the hashes.
fn lumpy(kept: usize, copies: usize, seen: u64, bound: u64) -> Option<String> {
    if bound == u64::MAX || kept as u64 >= seen {
        return None;
    }
    let expected = (bound as f64 + 1.0) / 18_446_744_073_709_551_616.0 * seen as f64;
    let by_chance = 5.0 * (kept as f64).sqrt();
    let much = by_chance.max(LUMPY * kept as f64);
    let is_lumpy = (kept as f64 - expected).abs() > much || copies as f64 > much;
    is_lumpy.then(|| {
        "many rows are copies of each other, which a sample keeps or leaves out together, so that it may not be like all rows; sum copies up with GROUP BY and a weight of count(*), or do without max_rows"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_copies_are_told() {
        let half = u64::MAX / 2;
        assert_eq!(lumpy(1000, 1, 2000, half), None);
        assert_eq!(lumpy(1000, 1, 2100, half), None);
        assert!(lumpy(1000, 1, 2600, half).is_some());
        assert!(lumpy(1000, 1, 1200, half).is_some());
        assert_eq!(lumpy(1000, 1, 1000, half), None);
        assert!(lumpy(1000, 200, 2000, half).is_some(), "a fifth is one row");
        assert_eq!(lumpy(10, 1, 30, half), None, "so few may be chance");
        assert_eq!(lumpy(1000, 1, 9000, u64::MAX), None, "nothing was left out");
    }
}
