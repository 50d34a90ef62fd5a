//! Every metric of a set of predictions at once.

use rayon::prelude::*;

use super::average_precision::mean_precision;
use super::decile_stats::{DEFAULT_BUCKETS, bucket_stats, mean_percentage_error};
use super::exact_sum::ExactSum;
use super::gini::{concentration, ratio};
use super::ranking::{
    PARALLEL_ROWS, Row, RowWeight, UnitWeight, both, key_of, sort, swap_and_sort, usable_label,
    value_of,
};
use super::roc_auc::area;
use super::scaled_weights::{ScaledWeights, WeightScale};
use super::spearman::{LabelRanks, correlation};
use super::sums::{BlockTerms, EvaluationSums, expected_ltvs};
use crate::math::{BLOCK, Blocks, ParamBlocks, Params, Spread};
use crate::record::{Entry, Field, FieldValue, Record, Sealed, fields, integer, number, values};

/// Rows that one thread takes at a time.
const CHUNK: usize = 256 * BLOCK;

/// Every metric of a set of predictions. The fields are described, with formula and source, in [`Record::FIELDS`].
///
/// A metric is `None` where it is undefined. Rows whose prediction is not finite are counted and left out of everything
/// else, so that one of them does not hide what the others say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Evaluation {
    /// Rows evaluated, each once whatever its weight.
    pub rows: u64,
    /// Rows whose label is positive, each once whatever its weight.
    pub payers: u64,
    /// Rows left out because their expected lifetime value is NaN or infinite.
    pub non_finite: u64,
    /// Mean negative log-likelihood.
    pub loss: Option<f64>,
    /// The part of the loss that is about paying at all.
    pub classification_loss: Option<f64>,
    /// The part of the loss that is about payers' amounts.
    pub amount_loss: Option<f64>,
    /// Mean continuous ranked probability score, in units of the label.
    pub crps: Option<f64>,
    /// Mean label.
    pub label_mean: Option<f64>,
    /// Mean expected lifetime value.
    pub prediction_mean: Option<f64>,
    /// Total expected lifetime value over total label.
    pub prediction_ratio: Option<f64>,
    /// Gini coefficient of the expected lifetime value.
    pub gini: Option<f64>,
    /// `gini` over that of the labels themselves.
    pub normalized_gini: Option<f64>,
    /// Rank correlation of label and expected lifetime value.
    pub spearman: Option<f64>,
    /// Area under the ROC curve of paying.
    pub roc_auc: Option<f64>,
    /// Average precision of paying.
    pub average_precision: Option<f64>,
    /// Mean absolute percentage error of the deciles' mean labels.
    pub decile_mape: Option<f64>,
    /// Share of labels within the central 80% interval.
    pub coverage_80: Option<f64>,
    /// Usable rows that `rows` and `non_finite` are a sample of; `None` where they are all.
    pub rows_seen: Option<u64>,
    /// How many rows without copies the sample is worth; `None` where there is no sample.
    pub effective_rows: Option<f64>,
}

impl Sealed for Evaluation {}

impl Record for Evaluation {
    const FIELDS: &'static [Field] = &fields(&ENTRIES);

    fn into_values(self) -> Vec<FieldValue> {
        values(&ENTRIES, &self)
    }
}

/// The fields of the record, and how their values are got.
const ENTRIES: [Entry<Evaluation>; 19] = [
    integer(
        "rows",
        "rows evaluated, each once whatever its weight; those of non_finite are not among them",
        |evaluation| Some(evaluation.rows),
    ),
    integer(
        "payers",
        "rows evaluated with label > 0, each once whatever its weight",
        |evaluation| Some(evaluation.payers),
    ),
    integer(
        "non_finite",
        "rows left out of every other field because their expected_ltv is NaN or infinite, as it is where a \
             parameter is NaN; each once whatever its weight",
        |evaluation| Some(evaluation.non_finite),
    ),
    number(
        "loss",
        "mean of ziln_loss(label, params), the negative log-likelihood in nats; classification_loss + amount_loss \
             (Wang, Liu, Miao 2019)",
        |evaluation| evaluation.loss,
    ),
    number(
        "classification_loss",
        "mean of -ln(p) of payers and -ln(1 - p) of the others, p = sigmoid(logit); over all rows \
             (Wang, Liu, Miao 2019)",
        |evaluation| evaluation.classification_loss,
    ),
    number(
        "amount_loss",
        "mean of the negative log-density of a payer's label under log-normal(mu, sigma), 0 for the others; over \
             all rows (Wang, Liu, Miao 2019)",
        |evaluation| evaluation.amount_loss,
    ),
    number(
        "crps",
        "mean of ziln_crps(label, params), the continuous ranked probability score, in units of the label \
             (Gneiting, Raftery 2007)",
        |evaluation| evaluation.crps,
    ),
    number("label_mean", "mean label", |evaluation| evaluation.label_mean),
    number(
        "prediction_mean",
        "mean of ziln_expected_ltv(params) = p * exp(mu + sigma^2 / 2)",
        |evaluation| evaluation.prediction_mean,
    ),
    number("prediction_ratio", "prediction_mean / label_mean; NULL without payers", |evaluation| {
        evaluation.prediction_ratio
    }),
    number(
        "gini",
        "2 * (area under the cumulative share of label against share of rows, by expected_ltv from the highest, \
             by trapezoids, ties sharing evenly) - 1; NULL without payers (Wang, Liu, Miao 2019)",
        |evaluation| evaluation.gini,
    ),
    number(
        "normalized_gini",
        "gini / the gini of the labels themselves, as ziln_gini; NULL where labels are all equal \
             (Wang, Liu, Miao 2019)",
        |evaluation| evaluation.normalized_gini,
    ),
    number(
        "spearman",
        "Pearson correlation of the mid-ranks of label and expected_ltv; NULL where either is constant \
             (Spearman 1904)",
        |evaluation| evaluation.spearman,
    ),
    number(
        "roc_auc",
        "probability that a payer has a higher pay_prob than another customer, ties counting half; NULL unless \
             there are both (Hanley, McNeil 1982)",
        |evaluation| evaluation.roc_auc,
    ),
    number(
        "average_precision",
        "sum over distinct pay_prob, from the highest, of the gain in recall of payers times precision; NULL \
             without payers (Manning, Raghavan, Schuetze 2008, section 8.4)",
        |evaluation| evaluation.average_precision,
    ),
    number(
        "decile_mape",
        "mean of absolute_percentage_error = |prediction_mean - label_mean| / label_mean over the deciles of \
             expected_ltv with label_mean > 0, as ziln_decile_stats; NULL without payers \
             (Wang, Liu, Miao 2019)",
        |evaluation| evaluation.decile_mape,
    ),
    number(
        "coverage_80",
        "share of rows with ziln_quantile(0.1, params) <= label <= ziln_quantile(0.9, params); 0.8 or more if the \
             model is right, as the probability of 0 may lie wholly within (Gneiting, Raftery 2007)",
        |evaluation| evaluation.coverage_80,
    ),
    integer(
        "rows_seen",
        "usable rows that those of rows and non_finite are a sample of, each once whatever its weight; NULL without \
             option max_rows",
        |evaluation| evaluation.rows_seen,
    ),
    number(
        "effective_rows",
        "rows without copies that the sample is worth: (rows + non_finite)^2 / the sum over distinct rows of (copies in \
             the sample)^2, as copies are kept or left out together; NULL without option max_rows (Kish 1965)",
        |evaluation| evaluation.effective_rows,
    ),
];

/// Consecutive rows: what came, and what was predicted for it.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// What customers spent.
    pub label: &'a [f64],
    /// The predicted distributions.
    pub params: Params<'a>,
    /// How often each row counts, or `None` where every row counts once; the same in all pieces.
    pub weight: Option<&'a [f64]>,
}

/// Every metric of predictions against what came. The rows may come in any number of pieces, in any order.
///
/// Rows are ranked by expected lifetime value, and for `roc_auc` and `average_precision` by logit: the order of
/// the probability to pay, without the ties that come from rounding probabilities to 1.
///
/// A row whose expected lifetime value is NaN or infinite counts in `non_finite` and nowhere else: the other fields
/// are, bit for bit, those of the rows without it. A NaN among the params makes the value NaN; a logit that is infinite
/// does not, and is an infinite loss where it was wrong.
///
/// Ten million rows take 160 MB beside the inputs (240 MB with weights), and up to 16 bytes a distinct label.
///
/// # Example
/// ```
/// use ziln::math::{Column, Params, Spread};
/// use ziln::metrics::{Scored, evaluate};
///
/// let params = Params {
///     logit: Column::F64(&[-2.0, 1.0, -1.0, 2.0]),
///     mu: Column::F64(&[2.0, 2.5, 2.0, 3.5]),
///     spread: Spread::Sigma(Column::Scalar(0.8)),
/// };
/// let evaluation = evaluate(&[Scored { label: &[0.0, 12.0, 0.0, 40.0], params, weight: None }]);
/// assert_eq!((evaluation.rows, evaluation.payers), (4, 2));
/// assert_eq!(evaluation.label_mean, Some(13.0));
/// assert_eq!(evaluation.normalized_gini, Some(1.0));
/// assert_eq!(evaluation.roc_auc, Some(1.0));
/// ```
pub fn evaluate(pieces: &[Scored<'_>]) -> Evaluation {
    let pieces: Vec<Scored<'_>> = pieces.iter().map(Scored::cut).collect();
    let weights = pieces.iter().filter_map(|piece| Some((piece.weight?, piece.label)));
    let scale = WeightScale::of(weights);
    if pieces.iter().any(|piece| piece.weight.is_some()) {
        EvaluationRows::new(pieces.iter(), scale).evaluate::<f64>()
    } else {
        EvaluationRows::new(pieces.iter(), scale).evaluate::<UnitWeight>()
    }
}

impl Scored<'_> {
    /// The columns, cut to the shortest.
    fn cut(&self) -> Self {
        let Params { logit, mu, spread: Spread::RawSigma(spread) | Spread::Sigma(spread) } =
            self.params;
        let lengths = [logit, mu, spread].into_iter().filter_map(|column| column.len());
        let rows = lengths.fold(self.label.len(), usize::min);
        Self { label: self.label.get(..rows).unwrap_or(self.label), ..*self }
    }
}

/// The rows as they came, with their weights on one scale.
struct EvaluationRows<'a> {
    pieces: Vec<(&'a Scored<'a>, Option<ScaledWeights<'a>>)>,
    /// What a scaled weight of 1 stands for.
    unit: f64,
}

impl<'a> EvaluationRows<'a> {
    fn new(pieces: impl Iterator<Item = &'a Scored<'a>>, scale: WeightScale) -> Self {
        let scaled = |piece: &'a Scored<'a>| {
            (piece, piece.weight.map(|weight| ScaledWeights::new(weight, scale)))
        };
        Self { pieces: pieces.map(scaled).collect(), unit: scale.unit() }
    }

    fn evaluate<W: RowWeight>(&self) -> Evaluation {
        let (rows, sums) = self.by_label::<W>();
        if sums.non_finite > 0
            && let Some(rescaled) = self.rescaled(&rows)
        {
            return rescaled.evaluate::<W>();
        }
        let by_value = ByValue::new(rows, self.unit);
        let by_probability = self.by_probability::<W>(sums.non_finite > 0);
        let (roc_auc, average_precision) = both(
            by_probability.len(),
            || area(&by_probability),
            || mean_precision(&by_probability),
        );
        Evaluation { roc_auc, average_precision, ..Evaluation::of(&sums, &by_value) }
    }

    /// The usable rows, with the keys of label and expected lifetime value, and the sums that need no order.
    fn by_label<W: RowWeight>(&self) -> (Vec<Row<W>>, EvaluationSums) {
        self.collect(EvaluationSums::new, |sums, other| sums.merge(&other), fill_values)
    }

    /// These inputs on the scale of these rows' weights, where that is another: the greatest weight is of a row left out.
    fn rescaled<W: RowWeight>(&self, rows: &[Row<W>]) -> Option<Self> {
        let greatest = rows.iter().map(|row| row.weight.value()).fold(0.0, f64::max);
        let scale = WeightScale::of_greatest(greatest * self.unit);
        let is_finer = greatest > 0.0 && greatest < 1.0 && scale.unit() < self.unit;
        is_finer.then(|| Self::new(self.pieces.iter().map(|&(piece, _)| piece), scale))
    }

    /// The usable rows in the order of logit, with the label's key beside it; `some_left_out` where there are rows
    /// whose prediction is not finite.
    fn by_probability<W: RowWeight>(&self, some_left_out: bool) -> Vec<Row<W>> {
        let fill = |piece: &Scored<'_>, weight, start, rows: &mut [Row<W>]| {
            fill_logits(piece, weight, start, rows, some_left_out);
        };
        let (mut rows, ()) = self.collect(|| (), |(), ()| (), fill);
        sort(&mut rows);
        rows
    }

    /// The rows that `fill` writes, chunk by chunk and in parallel where that pays, without those it leaves out; and
    /// what it returns, merged.
    fn collect<W: RowWeight, S: Send>(
        &self,
        nothing: impl Fn() -> S + Send + Sync,
        merge: impl Fn(S, S) -> S + Send + Sync,
        fill: impl Fn(&Scored<'a>, Option<ScaledWeights<'a>>, usize, &mut [Row<W>]) -> S + Sync,
    ) -> (Vec<Row<W>>, S) {
        let total = self.pieces.iter().map(|(piece, _)| piece.label.len()).sum();
        let mut rows = vec![Row::left_out(); total];
        let mut rest = rows.as_mut_slice();
        let mut tasks = Vec::new();
        for &(piece, weight) in &self.pieces {
            let (own, others) = rest.split_at_mut(piece.label.len());
            rest = others;
            let chunks = own.chunks_mut(CHUNK).enumerate();
            tasks.extend(chunks.map(|(chunk, rows)| (piece, weight, chunk * CHUNK, rows)));
        }
        let fill = |(piece, weight, start, rows)| fill(piece, weight, start, rows);
        let result = if total < PARALLEL_ROWS {
            tasks.into_iter().map(fill).fold(nothing(), merge)
        } else {
            tasks.into_par_iter().map(fill).reduce(nothing, merge)
        };
        rows.retain(|row| !row.is_left_out());
        (rows, result)
    }
}

/// Writes the usable ones of the rows from `start` on: the keys of label and expected lifetime value.
fn fill_values<W: RowWeight>(
    piece: &Scored<'_>,
    weight: Option<ScaledWeights<'_>>,
    start: usize,
    rows: &mut [Row<W>],
) -> EvaluationSums {
    let mut params = ParamBlocks::new(&piece.params);
    let (mut sums, mut terms) = (EvaluationSums::new(), BlockTerms::new());
    for (block, rows) in rows.chunks_mut(BLOCK).enumerate() {
        let start = start + block * BLOCK;
        let label = piece.label.get(start..start + rows.len()).unwrap_or_default();
        let (logit, mu, sigma) = params.rows(start, rows.len());
        terms.compute(label, logit, mu, sigma);
        for (index, (to, &label)) in rows.iter_mut().zip(label).enumerate() {
            let weight = W::of(weight, start + index);
            if let Some(label) = usable_label(label).filter(|_| weight.value() > 0.0) {
                let row = terms.row(index);
                if row.prediction.is_finite() {
                    *to = Row { key: key_of(label), other: key_of(row.prediction), weight };
                    sums.add(label, &row, weight.value());
                } else {
                    sums.non_finite += 1;
                }
            }
        }
    }
    sums
}

/// Writes the usable ones of the rows from `start` on: the keys of logit and label. Where there are rows to leave out
/// (`some_left_out`), which these are is computed again.
fn fill_logits<W: RowWeight>(
    piece: &Scored<'_>,
    weight: Option<ScaledWeights<'_>>,
    start: usize,
    rows: &mut [Row<W>],
    some_left_out: bool,
) {
    let mut logits = Blocks::new(piece.params.logit);
    let mut params = some_left_out.then(|| ParamBlocks::new(&piece.params));
    let mut predictions = [0.0; BLOCK];
    for (block, rows) in rows.chunks_mut(BLOCK).enumerate() {
        let start = start + block * BLOCK;
        let label = piece.label.get(start..).unwrap_or_default();
        let logit = logits.rows(start, rows.len());
        if let Some(params) = &mut params {
            let (logit, mu, sigma) = params.rows(start, rows.len());
            expected_ltvs(logit, mu, sigma, &mut predictions);
        }
        for (index, ((to, &label), &logit)) in rows.iter_mut().zip(label).zip(logit).enumerate() {
            let weight = W::of(weight, start + index);
            let counts = weight.value() > 0.0 && predictions[index].is_finite();
            if let Some(label) = usable_label(label).filter(|_| counts) {
                *to = Row { key: key_of(logit), other: key_of(label), weight };
            }
        }
    }
}

impl Evaluation {
    /// All but the metrics of the ranking by probability.
    fn of(sums: &EvaluationSums, by_value: &ByValue) -> Self {
        let total = sums.weight.value();
        let mean = |sum: &ExactSum| (sums.rows > 0).then(|| sum.over(total));
        let (classification_loss, amount_loss) =
            (mean(&sums.classification_loss), mean(&sums.amount_loss));
        Self {
            rows: sums.rows,
            payers: sums.payers,
            non_finite: sums.non_finite,
            loss: classification_loss.zip(amount_loss).map(|(paying, amount)| paying + amount),
            classification_loss,
            amount_loss,
            crps: mean(&sums.crps),
            label_mean: mean(&sums.label),
            prediction_mean: mean(&sums.prediction),
            prediction_ratio: sums.prediction_ratio(),
            gini: by_value.gini,
            normalized_gini: by_value.normalized_gini,
            spearman: by_value.spearman,
            decile_mape: by_value.decile_mape,
            coverage_80: mean(&sums.covered),
            ..Self::default()
        }
    }
}

/// The metrics of the ranking by expected lifetime value.
#[derive(Debug)]
struct ByValue {
    gini: Option<f64>,
    normalized_gini: Option<f64>,
    spearman: Option<f64>,
    decile_mape: Option<f64>,
}

impl ByValue {
    /// From rows with the keys of label and expected lifetime value; `unit` is what a weight of 1 stands for.
    fn new<W: RowWeight>(mut rows: Vec<Row<W>>, unit: f64) -> Self {
        sort(&mut rows);
        let of_labels = concentration(&rows, |row| value_of(row.key));
        let labels = LabelRanks::replace_keys(&mut rows);
        swap_and_sort(&mut rows);
        let label = |row: &Row<W>| labels.label(row);
        let ((gini, spearman), deciles) = both(
            rows.len(),
            || (concentration(&rows, label), correlation(&rows, &labels)),
            || bucket_stats(&rows, DEFAULT_BUCKETS, unit, label),
        );
        Self {
            gini,
            normalized_gini: ratio(gini, of_labels),
            spearman,
            decile_mape: mean_percentage_error(&deciles),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Column;
    use crate::math::{crps_row, expected_ltv_row, loss_row, quantile_row, softplus};

    fn evaluate(
        label: &[f64],
        logit: &[f64],
        mu: &[f64],
        sigma: &[f64],
        weight: Option<&[f64]>,
    ) -> Evaluation {
        super::evaluate(&[Scored { label, params: params(logit, mu, sigma), weight }])
    }

    fn params<'a>(logit: &'a [f64], mu: &'a [f64], sigma: &'a [f64]) -> Params<'a> {
        let spread = Spread::Sigma(Column::F64(sigma));
        Params { logit: Column::F64(logit), mu: Column::F64(mu), spread }
    }

    #[test]
    fn rows_may_come_in_pieces() {
        let weight = [0.5, 1e300, 3.0, 7.0, 2.0];
        for weight in [None, Some(weight.as_slice())] {
            let piece = |rows: std::ops::Range<usize>| Scored {
                label: &LABEL[rows.clone()],
                params: params(&LOGIT[rows.clone()], &MU[rows.clone()], &SIGMA[rows.clone()]),
                weight: weight.map(|weight| &weight[rows]),
            };
            let pieces = [piece(3..5), piece(1..1), piece(0..3)];
            assert_eq!(super::evaluate(&pieces), super::evaluate(&[piece(0..5)]));
        }
    }

    const LABEL: [f64; 5] = [0.0, 12.0, 0.0, 40.0, 3.0];
    const LOGIT: [f64; 5] = [-2.0, 1.0, -1.0, 2.0, 0.5];
    const MU: [f64; 5] = [2.0, 2.5, 2.0, 3.5, 1.0];
    const SIGMA: [f64; 5] = [0.8, 0.7, 0.8, 0.9, 1.1];

    fn mean_of(value: impl Fn(usize) -> f64) -> f64 {
        (0..LABEL.len()).map(value).sum::<f64>() / LABEL.len() as f64
    }

    fn assert_close(got: Option<f64>, expected: f64) {
        let got = got.unwrap();
        assert!((got - expected).abs() <= 1e-14 * expected.abs(), "{got} is not {expected}");
    }

    #[test]
    fn means_are_those_of_the_functions() {
        let all = evaluate(&LABEL, &LOGIT, &MU, &SIGMA, None);
        assert_close(all.loss, mean_of(|i| loss_row(LABEL[i], LOGIT[i], MU[i], SIGMA[i])));
        assert_close(all.crps, mean_of(|i| crps_row(LABEL[i], LOGIT[i], MU[i], SIGMA[i])));
        let prediction = mean_of(|i| expected_ltv_row(LOGIT[i], MU[i], SIGMA[i]));
        assert_close(all.prediction_mean, prediction);
        assert_close(all.prediction_ratio, prediction / 11.0);
        let paying = |i: usize| softplus(if LABEL[i] > 0.0 { -LOGIT[i] } else { LOGIT[i] });
        assert_close(all.classification_loss, mean_of(paying));
        assert_eq!(all.loss.unwrap(), all.classification_loss.unwrap() + all.amount_loss.unwrap());
    }

    #[test]
    fn a_sigma_is_floored_and_a_negative_one_shows() {
        let at = |sigma| evaluate(&[1.0], &[0.5], &[0.0], &[sigma], None);
        assert_eq!(at(0.0), at(crate::math::floor_sigma(0.0)));
        assert_eq!(at(-1.0), Evaluation { non_finite: 1, ..Evaluation::default() });
    }

    #[test]
    fn coverage_counts_both_ends_and_the_mass_at_zero() {
        let covered = |label: f64, logit: f64| {
            evaluate(&[label], &[logit], &[1.0], &[0.5], None).coverage_80.unwrap()
        };
        for quantile in [0.1, 0.9] {
            let border = quantile_row(quantile, 3.0, 1.0, 0.5);
            assert_eq!(covered(border, 3.0), 1.0, "{quantile}");
        }
        assert_eq!(covered(quantile_row(0.91, 3.0, 1.0, 0.5), 3.0), 0.0);
        assert_eq!(covered(quantile_row(0.09, 3.0, 1.0, 0.5), 3.0), 0.0);
        // With p = 0.88 zero is the 0.1 quantile; with p = 0.95 it lies below.
        assert_eq!(covered(0.0, 2.0), 1.0);
        assert_eq!(covered(0.0, 3.0), 0.0);
        // With p = 0.05 the whole interval is zero.
        assert_eq!(covered(1.0, -3.0), 0.0);
    }

    #[test]
    fn columns_are_read_up_to_the_shortest() {
        let expected = evaluate(&LABEL[..4], &LOGIT[..4], &MU[..4], &SIGMA[..4], None);
        assert_eq!(evaluate(&LABEL, &LOGIT, &MU[..4], &SIGMA, None), expected);
        assert_eq!(evaluate(&LABEL, &LOGIT, &MU, &SIGMA, Some(&[1.0; 4])), expected);
    }

    #[test]
    fn undefined_is_none() {
        let none = Evaluation::default();
        assert_eq!(evaluate(&[], &[], &[], &[], None), none);
        assert_eq!(evaluate(&[f64::NAN], &[1.0], &[1.0], &[1.0], None), none);
        assert_eq!(evaluate(&[1.0], &[1.0], &[1.0], &[1.0], Some(&[0.0])), none);
        assert_eq!(evaluate(&[1.0], &[1.0], &[1.0], &[1.0], Some(&[])), none);

        let unpaid = evaluate(&[0.0, -5.0], &[1.0, 2.0], &[0.0, 1.0], &[1.0, 1.0], None);
        assert_eq!((unpaid.rows, unpaid.payers), (2, 0));
        assert_eq!((unpaid.amount_loss, unpaid.label_mean), (Some(0.0), Some(0.0)));
        assert!(unpaid.loss.is_some() && unpaid.crps.is_some() && unpaid.coverage_80.is_some());
        assert_eq!((unpaid.gini, unpaid.normalized_gini, unpaid.spearman), (None, None, None));
        assert_eq!((unpaid.roc_auc, unpaid.average_precision), (None, None));
        assert_eq!((unpaid.prediction_ratio, unpaid.decile_mape), (None, None));

        let all_pay = evaluate(&[1.0, 2.0], &[0.0; 2], &[0.0; 2], &[1.0; 2], None);
        assert_eq!((all_pay.roc_auc, all_pay.average_precision), (None, Some(1.0)));
        assert_eq!((all_pay.gini, all_pay.normalized_gini), (Some(0.0), Some(0.0)));
        assert_eq!(all_pay.spearman, None);
    }

    #[test]
    fn rows_without_a_finite_prediction_are_counted_and_left_out() {
        let clean = evaluate(&LABEL, &LOGIT, &MU, &SIGMA, None);
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let bad = [
            (nan, 1.0, 1.0),
            (1.0, nan, 1.0),
            (1.0, 1.0, nan),
            (-inf, nan, 1.0),
            (-inf, 1.0, nan),
            (inf, nan, 1.0),
            (1.0, inf, 1.0),
            (1.0, 1.0, inf),
            (1.0, 800.0, 1.0),
            (1.0, 1.0, -1.0),
        ];
        for (count, (logit, mu, sigma)) in bad.into_iter().enumerate() {
            // Anywhere among the others, a payer or not.
            let with = |values: &[f64], bad: f64| [&[bad], values, &[bad]].concat();
            let all = evaluate(
                &[&[7.0], LABEL.as_slice(), &[0.0]].concat(),
                &with(&LOGIT, logit),
                &with(&MU, mu),
                &with(&SIGMA, sigma),
                None,
            );
            assert_eq!(all, Evaluation { non_finite: 2, ..clean }, "{count}");
            // One that does not count for another reason is not counted here either.
            let at = |label, weight| {
                evaluate(&[label], &[logit], &[mu], &[sigma], Some(&[weight])).non_finite
            };
            assert_eq!((at(1.0, 0.5), at(nan, 0.5), at(1.0, 0.0)), (1, 0, 0));
        }
        let none = evaluate(&[0.0, 3.0], &[nan; 2], &[1.0; 2], &[1.0; 2], None);
        assert_eq!(none, Evaluation { non_finite: 2, ..Evaluation::default() });
    }

    #[test]
    fn a_weight_of_a_row_left_out_does_not_matter() {
        for (small, great) in [(1.0, 2.0), (3e-300, 1e300), (5e-324, f64::MAX), (1e-310, 1e-309)] {
            let weight = [1.0, 2.0, 1.0, 3.0, 1.0].map(|weight| weight * small);
            let clean = evaluate(&LABEL, &LOGIT, &MU, &SIGMA, Some(&weight));
            let with = |values: &[f64], bad: f64| [values, &[bad]].concat();
            let all = evaluate(
                &with(&LABEL, 1.0),
                &with(&LOGIT, 0.0),
                &with(&MU, f64::NAN),
                &with(&SIGMA, 1.0),
                Some(&with(&weight, great)),
            );
            assert_eq!(all, Evaluation { non_finite: 1, ..clean }, "{small}");
        }
    }

    #[test]
    fn certainty_that_was_wrong_is_an_infinite_loss() {
        let all = evaluate(&[1.0, 0.0], &[f64::NEG_INFINITY, 0.0], &[0.0; 2], &[1.0; 2], None);
        assert_eq!((all.loss, all.classification_loss), (Some(f64::INFINITY), Some(f64::INFINITY)));
        assert!(all.amount_loss.is_some_and(f64::is_finite));
        assert!(all.crps.is_some_and(f64::is_finite) && all.gini.is_some_and(f64::is_finite));
        assert_eq!((all.rows, all.non_finite), (2, 0));
        // Whatever a payment would be, there is none.
        let all = evaluate(&[0.0], &[f64::NEG_INFINITY], &[f64::INFINITY], &[1.0], None);
        assert_eq!((all.rows, all.non_finite, all.loss), (1, 0, Some(0.0)));
    }

    #[test]
    fn values_are_in_the_order_of_the_fields() {
        let values = Evaluation {
            rows: 7,
            coverage_80: Some(0.5),
            gini: Some(0.25),
            ..Evaluation::default()
        }
        .into_values();
        assert_eq!(values.len(), Evaluation::FIELDS.len());
        let at = |name| {
            let index = Evaluation::FIELDS.iter().position(|field| field.name == name).unwrap();
            values[index].clone()
        };
        assert_eq!(at("rows"), FieldValue::Integer(Some(7)));
        assert_eq!(at("gini"), FieldValue::Number(Some(0.25)));
        assert_eq!(at("coverage_80"), FieldValue::Number(Some(0.5)));
        assert_eq!(at("loss"), FieldValue::Number(None));
    }
}
