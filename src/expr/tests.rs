//! The functions as Polars calls them: small series in, a series out.

use polars::prelude::*;

use super::{quantile, *};
use crate::fit::{OptionValue, Options};
use crate::model::Model;

fn numbers(name: &str, values: &[f64]) -> Series {
    Series::new(name.into(), values)
}

fn raw() -> [Series; 3] {
    [numbers("logit", &[0.5, -1.0]), numbers("mu", &[0.5, 1.0]), numbers("s", &[0.25, -0.5])]
}

fn lists(values: &[Option<&[f64]>]) -> Series {
    let lists = values.iter().map(|list| list.map(|list| Series::new("".into(), list)));
    Series::new("lists".into(), lists.collect::<Vec<Option<Series>>>())
}

fn structs(fields: &[Series]) -> Series {
    StructChunked::from_series("struct".into(), fields[0].len(), fields.iter())
        .unwrap()
        .into_series()
}

fn doubles(series: &Series) -> Vec<Option<f64>> {
    series.f64().unwrap().iter().collect()
}

#[track_caller]
fn assert_refused(result: PolarsResult<Series>, message: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

/// Customers in two chunks, for training: half of them pay, the more the more they visit.
fn customers() -> (Series, Series) {
    let column = |name: &str, value: fn(u32) -> f64| {
        let part = |rows: std::ops::Range<u32>| numbers(name, &rows.map(value).collect::<Vec<_>>());
        let mut column = part(0..25);
        column.append(&part(25..60)).unwrap();
        column
    };
    let label = column("ltv", |row| if row % 2 == 0 { 0.0 } else { f64::from(row % 7 + 1) });
    (label, column("visits", |row| f64::from(row % 7)))
}

fn options() -> Options {
    Options::builder().epochs(3).build().unwrap()
}

fn text(model: &Series) -> String {
    assert_eq!(model.len(), 1);
    model.str().unwrap().get(0).unwrap().to_owned()
}

#[test]
fn params_come_in_three_forms() {
    let expected = doubles(&expected_ltv(&raw()).unwrap());
    let list = lists(&[Some(&[0.5, 0.5, 0.25]), Some(&[-1.0, 1.0, -0.5])]);
    let array = list.cast(&DataType::Array(Box::new(DataType::Float64), 3)).unwrap();
    for params in [list, array, from_logits(&raw()).unwrap()] {
        assert_eq!(doubles(&expected_ltv(&[params]).unwrap()), expected);
    }
}

#[test]
fn what_is_null_gives_null() {
    let label = Series::new("y".into(), [Some(1.0), None]);
    let [logit, mu, raw_sigma] = raw();
    let loss_of = |label: Series| loss(&[label, logit.clone(), mu.clone(), raw_sigma.clone()]);
    assert_eq!(
        loss_of(label).unwrap().is_null().iter().collect::<Vec<_>>(),
        [Some(false), Some(true)]
    );
    assert_eq!(loss_of(Series::new_null("y".into(), 1)).unwrap().null_count(), 2);
    let holed = lists(&[None, Some(&[0.5, 0.5, 0.25])]);
    assert_eq!(doubles(&pay_prob(&[holed]).unwrap())[0], None);
}

#[test]
fn one_row_stands_for_all() {
    let [_, mu, raw_sigma] = raw();
    let constant = |value: f64| numbers("z", &[value]);
    let ltv = expected_ltv(&[constant(0.1), mu.clone(), raw_sigma.clone()]).unwrap();
    assert_eq!((ltv.len(), ltv.name().as_str()), (2, "z"));
    let three = numbers("z", &[0.1; 3]);
    assert_refused(expected_ltv(&[three, mu, raw_sigma]), "got 3 rows and 2 rows");
    assert_eq!(
        cdf(&[constant(1.0), constant(0.0), constant(1.0), constant(0.0)]).unwrap().len(),
        1
    );
}

#[test]
fn calls_that_are_refused() {
    let [logit, mu, _] = raw();
    let names = Series::new("name".into(), ["a", "b"]);
    assert_refused(loss(&[]), "ziln_loss: expected ziln_loss(label, params)");
    assert_refused(pay_prob(&[logit.clone(), mu.clone()]), "got 2 arguments");
    assert_refused(
        quantile(&[names.clone(), logit.clone()]),
        "ziln_quantile: argument `q`: expected a number, got str",
    );
    assert_refused(
        pay_amount(&[lists(&[Some(&[1.0, 2.0, 3.0]), Some(&[1.0])])]),
        "got a list of length 1 in row 2 of the batch",
    );
    assert_refused(variance(&[structs(&raw())]), "got a struct with fields logit, mu, s");
    assert_refused(params(&[logit.clone(), mu.clone(), names.clone()]), "argument `sigma`");
    assert_refused(
        gini(std::slice::from_ref(&logit)),
        "ziln_gini: expected ziln_gini(label, prediction",
    );
    assert_refused(spearman(&[names.clone(), mu.clone()]), "argument `label`: expected a number");
    assert_refused(is_model(std::slice::from_ref(&mu)), "argument `text`: expected text, got f64");
    assert_refused(weights(&[names]), "got 'a' in row 1 of the batch");
    assert_refused(fit_sgd(&[logit]), "got 1 argument");
}

#[test]
fn metrics_of_a_few_rows() {
    let label = numbers("y", &[0.0, 2.0, 5.0, 0.0]);
    let prediction = numbers("p", &[1.0, 2.0, 3.0, 0.0]);
    let both = [label.clone(), prediction.clone()];
    assert_eq!(doubles(&gini(&both).unwrap()), [Some(1.0)]);
    let rank = doubles(&spearman(&both).unwrap())[0].unwrap();
    assert!((rank - 0.9487).abs() < 1e-4, "{rank}");
    let weights = numbers("w", &[1.0, -1.0, 1.0, 1.0]);
    assert_refused(
        gini(&[label.clone(), prediction.clone(), weights]),
        "expected a finite number, 0 or more, got -1 in row 2 of the batch",
    );
    let none = Series::new_null("w".into(), 1);
    assert_eq!(doubles(&gini(&[label.clone(), prediction.clone(), none]).unwrap()), [Some(1.0)]);
    let [logit, mu, raw_sigma] = raw();
    let metrics = evaluate(&[label.slice(0, 2), logit, mu, raw_sigma]).unwrap();
    let field = |name: &str| metrics.struct_().unwrap().field_by_name(name).unwrap();
    assert_eq!(
        (field("rows").sum::<i64>().unwrap(), field("payers").sum::<i64>().unwrap()),
        (2, 1)
    );
}

#[test]
fn metrics_of_a_sample() {
    let label = numbers("y", &(0..40).map(|row| f64::from(row % 3) * 2.0).collect::<Vec<f64>>());
    let mu = numbers("mu", &(0..40).map(f64::from).collect::<Vec<f64>>());
    let inputs = [label, numbers("z", &[0.5]), mu, numbers("s", &[1.0])];
    let max_rows = |rows: i64| ("max_rows".to_owned(), OptionValue::Integer(rows));
    let sampled = evaluate_with(&inputs, [max_rows(15)]).unwrap();
    let options = structs(&[Series::new("max_rows".into(), [15])]);
    let as_column = evaluate(&[inputs.as_slice(), &[options]].concat()).unwrap();
    assert!(sampled.equals_missing(&as_column));
    let all = evaluate(&inputs).unwrap();
    let with_room = evaluate_with(&inputs, [max_rows(40)]).unwrap();
    let field = |metrics: &Series, name: &str| {
        metrics.struct_().unwrap().field_by_name(name).unwrap().get(0).unwrap().into_static()
    };
    for name in ["loss", "gini", "spearman", "roc_auc", "coverage_80"] {
        assert_eq!(field(&with_room, name), field(&all, name));
    }
    let counts = |name| field(&sampled, name).extract::<i64>();
    assert_eq!((counts("rows"), counts("rows_seen")), (Some(15), Some(40)));
    assert_eq!(field(&all, "rows_seen"), AnyValue::Null);
    assert_refused(evaluate_with(&inputs, [max_rows(0)]), "option `max_rows`: expected an integer");
    let none = || std::iter::empty::<(String, OptionValue)>();
    let as_weight = [inputs.as_slice(), &[structs(&[numbers("w", &[1.0; 40])])]].concat();
    assert_refused(
        evaluate_with(&as_weight, none()),
        "ziln_evaluate: argument `weight`: expected a number, got struct[1]",
    );
}

#[test]
fn buckets_are_a_constant() {
    let both = || [numbers("y", &[0.0, 2.0, 5.0, 0.0]), numbers("p", &[1.0, 2.0, 3.0, 0.0])];
    let count = |stats: PolarsResult<Series>| stats.unwrap().list().unwrap().inner_length();
    let with = |buckets: Series| decile_stats(&[both().as_slice(), &[buckets]].concat());
    assert_eq!(count(with(Series::new("b".into(), [2_u8]))), 2);
    assert_eq!(count(with(Series::new("b".into(), [2.0; 4]))), 2);
    let [label, prediction] = both();
    let default = decile_stats_with(&label, &prediction, &OptionValue::Null);
    assert_eq!(count(default), count(decile_stats(&both())));
    assert_refused(with(Series::new("b".into(), [1, 2])), "expected a constant, a whole number");
    assert_refused(with(Series::new("b".into(), ["2"])), "from 1 to 1000000, got text '2'");
    assert_refused(with(Series::new("b".into(), [0])), "from 1 to 1000000, got 0");
}

#[test]
fn features_come_in_every_form() {
    let (label, visits) = customers();
    let fit = |features: &Series| fit_sgd_with(&label, features, None, None, &options());
    let one = text(&fit(&visits).unwrap());
    let list = visits.reshape_list(&[ReshapeDimension::Infer, ReshapeDimension::new(1)]).unwrap();
    let array = list.cast(&DataType::Array(Box::new(DataType::Float64), 1)).unwrap();
    for features in [list, array, structs(&[visits.clone().with_name("x0".into())])] {
        assert_eq!(text(&fit(&features).unwrap()), one, "{}", features.dtype());
    }
    let named = text(&fit(&structs(&[visits])).unwrap());
    assert_eq!(named.replace("visits", "x0"), one);
    let uneven = lists(&[Some(&[1.0]), Some(&[1.0, 2.0])]);
    let label = numbers("y", &[0.0, 1.0]);
    let expected = "got lists of 1 and of 2 numbers";
    assert_refused(fit_sgd_with(&label, &uneven, None, None, &options()), expected);
    // A row that does not count does not decide the width.
    let weight = numbers("w", &[0.0, 1.0]);
    assert!(fit_sgd_with(&label, &uneven, Some(&weight), None, &options()).is_ok());
}

#[test]
fn rows_that_do_not_count_change_nothing() {
    let (label, visits) = customers();
    let fit = |label: &Series, visits: &Series, weight: Option<&Series>| {
        text(&fit_sgd_with(label, visits, weight, None, &options()).unwrap())
    };
    let weights: Vec<f64> = (0..60).map(|row| if row < 40 { 1.0 } else { 0.0 }).collect();
    let first = fit(&label.slice(0, 40), &visits.slice(0, 40), None);
    assert_eq!(fit(&label, &visits, Some(&numbers("w", &weights))), first);
    let nobody = fit_sgd_with(&label, &visits, Some(&numbers("w", &[0.0])), None, &options());
    assert_eq!(nobody.unwrap().null_count(), 1);
}

#[test]
fn arguments_of_fit_are_told_by_their_types() {
    let (label, visits) = customers();
    let fit = |rest: &[Series]| fit_sgd(&[&[label.clone(), visits.clone()], rest].concat());
    let few = structs(&[Series::new("epochs".into(), [3_i64])]);
    let expected = text(&fit_sgd_with(&label, &visits, None, None, &options()).unwrap());
    let none = Series::new_null("none".into(), 1);
    assert_eq!(text(&fit(std::slice::from_ref(&few)).unwrap()), expected);
    assert_eq!(text(&fit(&[none.clone(), few.clone()]).unwrap()), expected);
    assert_eq!(text(&fit(&[none.clone(), few.clone(), none.clone()]).unwrap()), expected);
    let names = Series::new("name".into(), ["a"]);
    assert_refused(fit(&[names]), "argument `weight or options`: expected a number (weight)");
    assert_refused(fit(&[none, label.clone()]), "argument `options`: expected a constant struct");
    let several = structs(&[Series::new("epochs".into(), (0..60_i64).collect::<Vec<_>>())]);
    assert_refused(
        fit(&[several]),
        "`options.epochs`: expected a constant, got values that differ",
    );
    let list = structs(&[lists(&[Some(&[1.0])])]);
    assert_refused(fit(&[list]), "option `lists`: expected one of epochs");
    let layers = lists(&[Some(&[4.0, 2.0])]).with_name("hidden".into());
    assert!(text(&fit(&[structs(&[layers])]).unwrap()).contains("\"network\""));
    let layers = lists(&[Some(&[0.5])]).with_name("hidden".into());
    assert_refused(
        fit(&[structs(&[layers])]),
        "option `hidden`: expected a list of at most 8 integers",
    );
    let date = Series::new_null("epochs".into(), 1).cast(&DataType::Date).unwrap();
    assert!(fit(&[structs(&[date])]).is_ok(), "NULL of any type is the default");
}

#[test]
fn a_model_continues_from_that_of_its_rows() {
    let (label, visits) = customers();
    let fit = |init: Option<&Series>, options: &Options| {
        fit_sgd_with(&label, &visits, None, init, options)
    };
    let first = fit(None, &options()).unwrap();
    let model = Model::from_json(&text(&first)).unwrap();
    let as_option = options().with_init(std::sync::Arc::new(model));
    let continued = text(&fit(None, &as_option).unwrap());
    assert_eq!(text(&fit(Some(&first), &options()).unwrap()), continued);
    assert_eq!(text(&fit(Some(&first.new_from_index(0, 60)), &options()).unwrap()), continued);
    let anew = Series::full_null("init".into(), 60, &DataType::String);
    assert_eq!(text(&fit(Some(&anew), &options()).unwrap()), text(&first));
    assert_refused(
        fit(Some(&first), &as_option),
        "either as an option or as an argument, got both",
    );
    assert_refused(
        fit(Some(&Series::new("init".into(), ["torn"])), &options()),
        "argument `init`: expected the text of a model made by one of the ziln_fit functions, got 'torn' in a group of 60 rows",
    );
}

#[test]
fn predictions_are_those_of_the_model_of_each_row() {
    let (label, visits) = customers();
    let features = structs(&[visits]);
    let model = fit_sgd_with(&label, &features, None, None, &options()).unwrap();
    let alone = predict(&[model.clone(), features.slice(0, 3)]).unwrap();
    let mut models = model.new_from_index(0, 2);
    models.append(&Series::full_null("".into(), 1, &DataType::String)).unwrap();
    let each = predict(&[models.clone(), features.slice(0, 3)]).unwrap();
    assert_eq!(each.is_null().iter().collect::<Vec<_>>(), [Some(false), Some(false), Some(true)]);
    let logit =
        |params: &Series| doubles(&params.struct_().unwrap().field_by_name("logit").unwrap());
    assert_eq!(logit(&each)[..2], logit(&alone)[..2]);
    let known = is_model(&[models.clone()]).unwrap();
    assert_eq!(known.bool().unwrap().iter().collect::<Vec<_>>(), [Some(true), Some(true), None]);
    assert_eq!(model_info(&[models.clone()]).unwrap().null_count(), 1);
    assert_eq!(weights(&[models]).unwrap().list().unwrap().inner_length(), 2 * 6);
}

#[test]
fn a_campaign_declares_no_endless_arrays() {
    let nobody = numbers("y", &[]);
    let campaigns = |width| {
        let dtype = DataType::Array(Box::new(DataType::String), width);
        Series::new_empty("campaign".into(), &dtype)
    };
    let fit = |campaign| fit_prior(&[nobody.clone(), nobody.clone(), campaign]);
    assert_eq!(fit(campaigns(100_000)).unwrap().null_count(), 1);
    let expected =
        "ziln_fit_prior: argument `campaign`: expected at most 100000 values in an array";
    assert_refused(fit(campaigns((1 << 31) - 1)), expected);
}
