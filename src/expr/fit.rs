//! What the aggregates that fit a model share: a [`Solver`] is what differs from one to the next.

use std::borrow::Cow;
use std::sync::Arc;

use polars::prelude::{DataType, GroupsIndicator, NamedFrom, PlSmallStr, PolarsResult, Series};

use super::error::{refuse, wrong_arity};
use super::options;
use super::result::ResultShape;
use super::text::Texts;
use super::training_rows::TrainingRows;
use super::types::types_of;
use crate::Error;
use crate::call::NO_CODE;
use crate::call::culprit::of_init;
use crate::call::features::FeaturesForm;
use crate::call::fit::{FitArguments, FitOptions, Solver};
use crate::call::init::{check_once, options_of_group};
use crate::fit::{Sample, tell_listener};
use crate::model::Model;

/// The arguments of a fit, but for its options.
#[derive(Debug, Clone, Copy)]
pub(super) struct FitInputs<'a> {
    pub(super) label: &'a Series,
    pub(super) features: &'a Series,
    /// Which campaign a row belongs to, for a solver that asks.
    pub(super) campaign: Option<&'a Series>,
    pub(super) weight: Option<&'a Series>,
    /// The model to continue from, for a solver that asks for no campaign.
    pub(super) init: Option<&'a Series>,
}

/// Fits a model to all rows, whose arguments are in the order of SQL.
pub(super) fn fit<S: Solver>(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = FitArguments::of_types::<S>(&types_of(inputs));
    let arguments = arguments.map_err(|error| refuse(S::NAME, &error))?;
    let [label, features, ..] = inputs else {
        return Err(wrong_arity(S::NAME, S::USAGE, inputs.len()));
    };
    let at = |position: Option<usize>| inputs.get(position?);
    let options = match at(arguments.options) {
        Some(options) => S::Options::of_pairs(options::read(S::NAME, options)?)
            .map_err(|error| refuse(S::NAME, &error))?,
        None => S::Options::default(),
    };
    let FitArguments { campaign, weight, init, .. } = arguments;
    let [campaign, weight, init] = [campaign, weight, init].map(at);
    fit_with::<S>(FitInputs { label, features, campaign, weight, init }, &options)
}

/// Fits a model to all rows with options that were checked before. A weight or a model to continue from that is NULL
/// without a type is none.
pub(super) fn fit_with<S: Solver>(
    inputs: FitInputs<'_>,
    options: &S::Options,
) -> PolarsResult<Series> {
    let FitInputs { label, features, campaign, weight, init } = inputs;
    let none = DataType::Null;
    let type_of = |input: Option<&Series>| input.map_or(&none, |input| input.dtype()).clone();
    let types = [Some(label), Some(features)].into_iter();
    let campaign_of = S::HAS_CAMPAIGN.then_some(campaign);
    let init_of = S::HAS_INIT.then_some(init);
    let types = types.chain(campaign_of).chain([weight, None]).chain(init_of);
    let types: Vec<DataType> = types.map(type_of).collect();
    let types: Vec<&DataType> = types.iter().collect();
    let arguments = FitArguments::of_types::<S>(&types).map_err(|error| refuse(S::NAME, &error))?;
    let campaign = campaign.filter(|_| arguments.campaign.is_some());
    let weight = weight.filter(|_| arguments.weight.is_some());
    let init = init.filter(|_| arguments.init.is_some());
    if init.is_some() {
        check_once(options).map_err(|error| refuse(S::NAME, &error))?;
    }
    let given = [Some(label), Some(features), campaign, weight, init];
    let given: Vec<Series> = given.into_iter().flatten().cloned().collect();
    let rows = ResultShape::try_new(S::NAME, &given)?.rows();
    let training = TrainingRows::try_new::<S>(&arguments.features, label, weight, features, rows)?;
    let campaigns = campaign.map(group_of_row).transpose()?.unwrap_or_default();
    let model = fit_rows::<S>(&training, &campaigns, init, options)?;
    Ok(Series::new(label.name().clone(), [model.map(|model| model.to_json())]))
}

/// The hashes by which samples keep rows, of all rows, whether they count or not.
pub(super) fn row_hashes<S: Solver>(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    seed: u64,
) -> PolarsResult<Vec<u64>> {
    let given: Vec<Series> =
        [Some(label), Some(features), weight].into_iter().flatten().cloned().collect();
    let rows = ResultShape::try_new(S::NAME, &given)?.rows();
    let form = FeaturesForm::of_type(features.dtype());
    let form = form.map_err(|error| refuse(S::NAME, &error))?;
    let training = TrainingRows::try_new::<S>(&form, label, weight, features, rows)?;
    let names = training.names(0..rows).map_err(|error| refuse(S::NAME, &error))?;
    let numbers = training.numbers();
    Ok(Sample::hashes(&training.table(&numbers, &names), &training.all(), seed))
}

/// For every row the number of those that are equal to it; NULL is a value.
fn group_of_row(values: &Series) -> PolarsResult<Vec<u32>> {
    let name = PlSmallStr::from_static("campaign");
    let frame = values.clone().with_name(name.clone()).into_frame();
    let groups = frame.group_by([name])?.into_groups();
    let mut group_of_row = vec![0; values.len()];
    for (group, rows) in (0_u32..).zip(groups.iter()) {
        match rows {
            GroupsIndicator::Idx((_, rows)) => {
                for &row in rows.iter() {
                    if let Some(slot) = group_of_row.get_mut(row as usize) {
                        *slot = group;
                    }
                }
            }
            GroupsIndicator::Slice([first, length]) => {
                let rows = group_of_row.iter_mut().skip(first as usize).take(length as usize);
                rows.for_each(|slot| *slot = group);
            }
        }
    }
    Ok(group_of_row)
}

/// Trains a model on the rows that count. Model and length of lists come from those that tell them.
fn fit_rows<S: Solver>(
    training: &TrainingRows,
    campaigns: &[u32],
    init: Option<&Series>,
    options: &S::Options,
) -> PolarsResult<Option<Model>> {
    let refuse = |error| refuse(S::NAME, &error);
    let numbers = training.numbers();
    let used = training.used(&numbers);
    let telling = match init.is_some() || training.has_lists() {
        true => training.telling(&used),
        false => Vec::new(),
    };
    let telling = telling.iter().copied();
    let names = training.names(telling.clone()).map_err(refuse)?;
    let options = match init {
        Some(init) => Cow::Owned(options_with::<S>(options, init, telling.clone())?),
        None => Cow::Borrowed(options),
    };
    let table = training.table(&numbers, &names);
    let campaigns = match campaigns {
        [] => Vec::new(),
        // One alone is that of every row.
        &[one] => vec![one; used.len()],
        all => used.iter().filter_map(|&row| all.get(training.index_of(row)).copied()).collect(),
    };
    let model = S::fit(&table, &used, &campaigns, &options).map_err(|error| {
        if error == Error::Interrupted {
            tell_listener();
        }
        refuse(if init.is_some() { of_init(error, telling.len()) } else { error })
    })?;
    Ok(model.map(|model| model.with_dates(&training.dates())))
}

/// The options with the model of the rows of these indices, which must be the same in all of them.
fn options_with<S: Solver>(
    options: &S::Options,
    init: &Series,
    rows: impl ExactSizeIterator<Item = usize> + Clone,
) -> PolarsResult<S::Options> {
    let texts = Texts::try_new(init)?;
    let codes = texts.code_of_row();
    let code_of = |row: usize| match codes {
        [one] => *one,
        codes => codes.get(row).copied().unwrap_or(NO_CODE),
    };
    let distinct: Vec<&str> = texts.iter().collect();
    let text_of = |code: u32| distinct.get(code as usize).copied();
    let read = |_, text: &str| Model::from_json(text).map(Arc::new);
    let count = rows.len();
    options_of_group(options, rows.map(code_of), text_of, read, count)
        .map_err(|error| refuse(S::NAME, &error))
}
