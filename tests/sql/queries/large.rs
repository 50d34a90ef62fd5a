//! More of something than a query can hold in the usual way: an error or a result, and never the end of the process.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, RecordBatch, StringViewArray, UInt32Array,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;

use super::{text, with_customers};
use crate::customers::table;
use crate::session::{error, rows, session, value};

const ROWS: usize = 8192;

/// More than 2 GiB of text, in 270,000 bytes: every row has a view of one of two strings.
fn long_strings() -> SessionContext {
    let strings = ["x", "y"].map(|letter| letter.repeat(270_000));
    let strings: ArrayRef = Arc::new(StringViewArray::from_iter_values(strings));
    let places = UInt32Array::from_iter_values((0..ROWS as u32).map(|row| row % 2));
    let strings = take(&strings, &places, None).expect("views");
    let label = Float64Array::from_iter_values((0..ROWS).map(|row| (row % 2 * (row % 5)) as f64));
    let group = UInt32Array::from_iter_values((0..ROWS as u32).map(|row| row / 2 % 3));
    let columns =
        [("y", Arc::new(label) as ArrayRef), ("s", strings), ("g", Arc::new(group) as ArrayRef)];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    with_customers(session(2, ROWS), table(vec![vec![batch.clone()], vec![batch]]))
}

#[tokio::test]
async fn many_views_of_a_long_string() {
    let context = long_strings();
    let fit = "ziln_fit_sgd(y, {s: s}, {epochs: 1})";
    // The state of the groups, partial and final, and the same rows in one group.
    let by_group = format!("SELECT g, {fit} AS model FROM customers GROUP BY g ORDER BY g");
    let models = rows(&context, &by_group).await;
    assert_eq!(models.len(), 3);
    for model in &models {
        let model = text(&model[1]);
        assert!((540_000..600_000).contains(&model.len()), "{}", model.len());
    }
    let model = text(&value(&context, &format!("SELECT {fit} FROM customers")).await);
    assert!(model.len() > 540_000);
    // Prediction from the strings, with the model of each row, and training that goes on from it.
    let joined = format!("customers c JOIN ({by_group}) m USING (g)");
    let predicted =
        format!("SELECT avg(ziln_pay_prob(ziln_predict(m.model, {{s: s}}))) FROM {joined}");
    assert!(!value(&context, &predicted).await.is_null());
    let again = format!(
        "SELECT g, ziln_fit_sgd(y, {{s: s}}, NULL, {{epochs: 1}}, m.model) FROM {joined} GROUP BY g"
    );
    assert_eq!(rows(&context, &again).await.len(), 3);
}

/// A type may declare what no row needs to back.
#[tokio::test]
async fn types_of_endless_lists() {
    let context = session(1, 100);
    let endless = "arrow_cast(NULL, 'FixedSizeList(2147483647, Float64)')";
    let model =
        value(&context, "SELECT ziln_fit_sgd(y, x) FROM (VALUES (0, 1), (2, 3)) AS t(y, x)");
    let model = text(&model.await);
    for call in
        [format!("ziln_fit_sgd(1, {endless})"), format!("ziln_predict('{model}', {endless})")]
    {
        let message = error(&context, &format!("SELECT {call}")).await;
        assert!(
            message
                .contains("argument `features`: expected at most 100000 features, got 2147483647"),
            "{message}"
        );
    }
    for campaign in
        ["FixedSizeList(2147483647, Utf8)", "Struct(\"a\": FixedSizeList(2147483647, Int8))"]
    {
        let sql = format!("SELECT ziln_fit_prior(1, 2, arrow_cast(NULL, '{campaign}'))");
        let message = error(&context, &sql).await;
        let expected =
            "ziln_fit_prior: argument `campaign`: expected at most 100000 values in an array, got";
        assert!(message.contains(expected), "{message}");
    }
    // The most there may be is possible, and one more is not, in lists too.
    for (count, is_allowed) in [(100_000, true), (100_001, false)] {
        let sql = format!(
            "SELECT ziln_fit_sgd(y, range(0, {count}), {{epochs: 0}}) FROM (VALUES (0), (1)) AS t(y)"
        );
        if is_allowed {
            assert!(!value(&context, &sql).await.is_null());
        } else {
            let message = error(&context, &sql).await;
            assert!(message.contains("expected at most 100000 features"), "{message}");
        }
    }
}

/// Strings as views of one buffer are the same levels as any others.
#[tokio::test]
async fn views_that_differ_may_hold_one_string() {
    let strings =
        StringViewArray::from_iter_values(["a long string: shop", "a long string: shop", "ads"]);
    let labels = Float64Array::from(vec![0.0, 2.0, 3.0]);
    let fit = |strings: ArrayRef| {
        let batch = RecordBatch::try_from_iter([
            ("y", Arc::new(labels.clone()) as ArrayRef),
            ("s", strings),
        ]);
        let context = with_customers(session(1, 8), table(vec![vec![batch.expect("a batch")]]));
        async move {
            value(&context, "SELECT ziln_fit_sgd(y, {s: s}, {min_count: 1}) FROM customers").await
        }
    };
    let plain = cast(&strings, &DataType::Utf8).expect("strings");
    assert_eq!(plain.as_string::<i32>().value(1), strings.value(1));
    assert_eq!(text(&fit(Arc::new(strings)).await), text(&fit(plain).await));
}

/// Campaigns by the hundred thousand, whatever they are called.
#[tokio::test]
async fn a_hundred_thousand_campaigns_share_a_prior() {
    let context = session(2, 8192);
    let customers = "CREATE TABLE t AS SELECT value % 100000 AS c, value % 11 AS x,
         CASE WHEN value % 3 = 0 THEN value % 7 ELSE 0 END AS y FROM range(0, 200000)";
    rows(&context, customers).await;
    let prior = |campaign: &str| format!("SELECT ziln_fit_prior(y, {{x: x}}, {campaign}) FROM t");
    let by_number = text(&value(&context, &prior("c")).await);
    assert!(by_number.contains("\"campaigns\":100000"));
    assert_eq!(text(&value(&context, &prior("concat('campaign ', c)")).await), by_number);
}
