//! The sample of option `max_rows` of `ziln_evaluate`: which rows are kept, and what is said of it.

use super::metric::EVALUATE_EXAMPLE;
use super::options::wrong_options;
use crate::fit::{
    Chunk, FeatureColumn, FeatureValues, OptionValue, RowId, Sample, Seen, Table, max_rows_of_pairs,
};
use crate::metrics::Evaluation;
use crate::{Error, Result};

/// The seed of the hashes by which rows are kept.
const SEED: u64 = 0;

/// Option `max_rows`, of the names and values of all options.
///
/// # Errors
/// [`Error::Option`] for an option that there is not, and a value that is out of range.
pub(crate) fn max_rows(options: Vec<(String, OptionValue)>) -> Result<Option<usize>> {
    let rows = max_rows_of_pairs(options)?;
    Ok(rows.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX)))
}

/// Options that are not a constant struct.
pub(crate) fn no_options(got: impl Into<String>) -> Error {
    wrong_options(EVALUATE_EXAMPLE, got)
}

/// Some of the rows that were scored; columns of the same length. The labels are finite, the weights positive.
#[derive(Debug, Clone)]
pub(crate) struct ScoredChunk<'a> {
    pub label: &'a [f64],
    pub weight: Option<&'a [f64]>,
    /// What was predicted, a column a number of it.
    pub predicted: Vec<&'a [f64]>,
}

/// The rows of a sample.
#[derive(Debug)]
pub(crate) struct SampledRows {
    pub label: Vec<f64>,
    pub weight: Option<Vec<f64>>,
    pub predicted: Vec<Vec<f64>>,
}

/// Rows that samples can be drawn of: their content is label, weight and what was predicted.
#[derive(Debug)]
pub(crate) struct ScoredRows<'a> {
    chunks: Vec<ScoredChunk<'a>>,
    /// See [`marks`]; empty where no chunk has any.
    marks: Vec<Vec<f64>>,
}

impl<'a> ScoredRows<'a> {
    pub(crate) fn of(chunks: Vec<ScoredChunk<'a>>) -> Self {
        let marks: Vec<Vec<f64>> = chunks.iter().map(marks).collect();
        let is_marked = marks.iter().any(|marks| !marks.is_empty());
        Self { chunks, marks: if is_marked { marks } else { Vec::new() } }
    }

    /// The hashes by which the rows of the first chunk are kept.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        let rows = self.chunks.first().map_or(0, |chunk| chunk.label.len());
        let rows = 0..u32::try_from(rows).unwrap_or(u32::MAX);
        let rows: Vec<RowId> = rows.map(|row| RowId { chunk: 0, row }).collect();
        Sample::hashes(&self.table(), &rows, SEED)
    }

    /// At most `max_rows` of some of the rows: those with the smallest hashes.
    pub(crate) fn sample(&self, rows: &[RowId], max_rows: usize) -> Sample {
        Sample::of(&self.table(), rows, SEED, max_rows)
    }

    /// The columns of a sample.
    pub(crate) fn pick(&self, rows: &[RowId]) -> SampledRows {
        let pick = |column: &dyn Fn(&ScoredChunk<'a>) -> Option<&'a [f64]>| -> Vec<f64> {
            let value = |row: &RowId| {
                let column = column(self.chunks.get(row.chunk as usize)?)?;
                column.get(row.row as usize).copied()
            };
            rows.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect()
        };
        let first = self.chunks.first();
        let columns = 0..first.map_or(0, |chunk| chunk.predicted.len());
        SampledRows {
            label: pick(&|chunk| Some(chunk.label)),
            weight: first.and_then(|chunk| chunk.weight).map(|_| pick(&|chunk| chunk.weight)),
            predicted: columns
                .map(|column| pick(&|chunk| chunk.predicted.get(column).copied()))
                .collect(),
        }
    }

    fn table(&self) -> Table<'_> {
        let columns = self.chunks.first().map_or(0, |chunk| chunk.predicted.len());
        let columns = columns + usize::from(!self.marks.is_empty());
        let chunk = |(index, chunk): (usize, &ScoredChunk<'a>)| {
            let marks = self.marks.get(index).map(|marks| FeatureValues::Numbers(marks));
            let predicted = chunk.predicted.iter().map(|column| FeatureValues::Numbers(column));
            Chunk {
                label: chunk.label,
                weight: chunk.weight,
                features: predicted.chain(marks).collect(),
            }
        };
        Table {
            features: (0..columns).map(|_| FeatureColumn { name: "", levels: None }).collect(),
            chunks: self.chunks.iter().enumerate().map(chunk).collect(),
        }
    }
}

/// What the hash of a row does not tell, as training has no use for it: which of its numbers are infinite, of which sign, or
/// a negative zero. NaN where none is, which leaves the hash as it is; nothing where no row has such a number.
fn marks(chunk: &ScoredChunk<'_>) -> Vec<f64> {
    let columns = &chunk.predicted;
    if columns.iter().all(|column| column.iter().all(|&number| kind(number) == 0)) {
        return Vec::new();
    }
    let mark = |row: usize| {
        let numbers = columns.iter().filter_map(|column| column.get(row));
        numbers.fold(0, |mark, &number| 4 * mark + kind(number))
    };
    let mark = |row| Some(mark(row)).filter(|&mark| mark > 0).map_or(f64::NAN, f64::from);
    (0..chunk.label.len()).map(mark).collect()
}

fn kind(number: f64) -> u32 {
    match number {
        f64::INFINITY => 1,
        f64::NEG_INFINITY => 2,
        zero if zero == 0.0 && zero.is_sign_negative() => 3,
        _ => 0,
    }
}

/// An evaluation of a sample, with what it is a sample of.
pub(crate) fn of_sample(evaluation: &Evaluation, sample: &Sample, seen: Seen) -> Evaluation {
    Evaluation {
        rows_seen: Some(seen.rows),
        effective_rows: Some(sample.effective_rows),
        ..*evaluation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(logit: f64, mu: f64) -> u64 {
        let (logit, mu) = ([logit], [mu]);
        let chunk = ScoredChunk { label: &[1.0], weight: None, predicted: vec![&logit, &mu] };
        ScoredRows::of(vec![chunk]).hashes()[0]
    }

    #[test]
    fn infinite_numbers_are_told_apart() {
        let infinite = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -0.0];
        let mut hashes: Vec<u64> =
            infinite.iter().flat_map(|&logit| infinite.map(|mu| hash(logit, mu))).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), infinite.len().pow(2));
    }

    #[test]
    fn a_row_has_the_same_hash_beside_others() {
        let (label, logit) = ([1.0, 2.0, 3.0], [0.5, f64::INFINITY, -0.5]);
        let chunk = ScoredChunk { label: &label, weight: None, predicted: vec![&logit] };
        let together = ScoredRows::of(vec![chunk]).hashes();
        for row in 0..3 {
            let alone = ScoredChunk {
                label: &label[row..=row],
                weight: Some(&[1.0]),
                predicted: vec![&logit[row..=row]],
            };
            assert_eq!(ScoredRows::of(vec![alone]).hashes(), [together[row]]);
        }
    }

    #[test]
    fn a_sample_has_the_rows_of_all_chunks() {
        let label: Vec<f64> = (0..100).map(f64::from).collect();
        let logit: Vec<f64> = label.iter().map(|label| -label).collect();
        let chunk = |from: usize, to: usize| ScoredChunk {
            label: &label[from..to],
            weight: Some(&label[from..to]),
            predicted: vec![&logit[from..to]],
        };
        let rows = ScoredRows::of(vec![chunk(0, 40), chunk(40, 100)]);
        let ids: Vec<RowId> = (0..40)
            .map(|row| RowId { chunk: 0, row })
            .chain((0..60).map(|row| RowId { chunk: 1, row }))
            .collect();
        let sample = rows.sample(&ids, 30);
        let SampledRows { label, weight, predicted } = rows.pick(&sample.rows);
        assert_eq!((label.len(), sample.effective_rows), (30, 30.0));
        assert_eq!(weight.as_ref(), Some(&label));
        assert!(label.iter().zip(&predicted[0]).all(|(label, logit)| *logit == -label));
        assert!(
            label.iter().any(|label| *label < 40.0) && label.iter().any(|label| *label >= 40.0)
        );
    }

    #[test]
    fn another_option_is_refused() {
        let pair = |name: &str, value: i64| vec![(name.to_owned(), OptionValue::Integer(value))];
        assert_eq!(max_rows(pair("max_rows", 5)), Ok(Some(5)));
        assert_eq!(max_rows(vec![("max_rows".to_owned(), OptionValue::Null)]), Ok(None));
        assert_eq!(max_rows(Vec::new()), Ok(None));
        let refused = |name, value| max_rows(pair(name, value)).unwrap_err().to_string();
        let error = refused("max_rows", 0);
        assert!(error.contains("expected an integer from 1 to 1000000000, got 0"), "{error}");
        let error = refused("max_row", 1);
        assert!(error.contains("did you mean `max_rows`?"), "{error}");
        let error = refused("epochs", 1);
        assert!(error.contains("max_rows") && !error.contains("hidden"), "{error}");
    }
}
