//! However features and models are stored.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, DictionaryArray, Int8Array, RecordBatch, StringArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int8Type, Schema};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

use super::{
    FEATURES, FIT, assert_same, batch, by_campaign, expected, text, trained, with_customers,
};
use crate::customers::{dealt, table};
use crate::session::{rows, session, value};

/// The customers with their channel in another type of column.
fn with_channel(channel: ArrayRef) -> SessionContext {
    let batch = batch();
    let place = batch.schema().index_of("channel").expect("channel");
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields[place] = Arc::new(Field::new("channel", channel.data_type().clone(), true));
    let mut columns = batch.columns().to_vec();
    columns[place] = channel;
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch");
    with_customers(session(2, 100), table(dealt(&batch, 100, 2)))
}

#[tokio::test]
async fn strings_however_they_are_encoded() {
    let sql = by_campaign();
    let expected = expected(&sql).await;
    let channel = batch().column_by_name("channel").expect("channel").clone();
    let dictionary =
        |key: DataType, value: DataType| DataType::Dictionary(Box::new(key), Box::new(value));
    for data_type in [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Int8, DataType::Utf8),
        dictionary(DataType::UInt16, DataType::LargeUtf8),
        dictionary(DataType::Int32, DataType::Utf8View),
        dictionary(DataType::UInt64, DataType::Utf8),
    ] {
        let channel =
            cast(&channel, &data_type).unwrap_or_else(|error| panic!("{data_type}: {error}"));
        let context = with_channel(channel);
        assert_same(&rows(&context, &sql).await, &expected, &format!("of {data_type}"));
    }
}

/// A dictionary may hold a value twice, values nobody uses, and NULL among its values.
#[tokio::test]
async fn untidy_dictionaries() {
    let sql = by_campaign();
    let channel = batch().column_by_name("channel").expect("channel").clone();
    let channel = channel.as_any().downcast_ref::<StringArray>().expect("text");
    let values = StringArray::from(vec![
        Some("unused"),
        None,
        Some("shop"),
        Some("ads"),
        Some("été"),
        Some("shop"),
        None,
    ]);
    let keys: Int8Array = channel
        .iter()
        .enumerate()
        .map(|(row, level)| match level {
            None => [None, Some(1), Some(6)][row % 3],
            Some("shop") => [Some(2), Some(5)][row % 2],
            Some("ads") => Some(3),
            Some(_) => Some(4),
        })
        .collect();
    let dictionary = DictionaryArray::<Int8Type>::new(keys, Arc::new(values));
    let context = with_channel(Arc::new(dictionary));
    assert_same(&rows(&context, &sql).await, &expected(&sql).await, "of an untidy dictionary");
    // Prediction from it is the same too.
    let predict = "SELECT id, ziln_predict(
            (SELECT ziln_fit_sgd(ltv, {channel: channel}, {epochs: 2}) FROM customers),
            {channel: channel})
        FROM customers ORDER BY id";
    assert_same(
        &rows(&context, predict).await,
        &expected(predict).await,
        "predicted from an untidy dictionary",
    );
}

/// Predicting a batch at a time or a row at a time gives the same bits.
#[tokio::test]
async fn predictions_do_not_depend_on_batches() {
    let sql = format!(
        "SELECT id, ziln_predict(model, {FEATURES}) AS p,
            ziln_loss(ltv, ziln_predict(model, {FEATURES})) AS loss,
            ziln_quantile(0.9, logit, mu, raw_sigma) AS q
        FROM customers, (SELECT {FIT} AS model FROM customers) ORDER BY id"
    );
    let expected = expected(&sql).await;
    for (partitions, batch_size) in [(1, 1), (2, 3), (4, 1000)] {
        let context = with_customers(
            session(partitions, batch_size),
            table(dealt(&batch(), batch_size, partitions)),
        );
        assert_same(&rows(&context, &sql).await, &expected, "of other batches");
    }
}

/// Models are recognised by where their texts lie, or by the texts; features by their names, whatever is kept of the
/// batch before.
#[tokio::test]
async fn models_however_they_are_encoded() {
    let (context, _folder) = trained().await;
    let predicted = |data_type: &str| {
        let model = format!("arrow_cast(m.model, '{data_type}')");
        format!(
            "SELECT c.id, ziln_predict({model}, {FEATURES}) AS p,
                ziln_predict({model}, {{other: 1, recency: recency, channel: channel, frequency: frequency}}) AS q
             FROM customers c LEFT JOIN models m ON m.campaign = c.campaign AND c.id % 7 > 0 ORDER BY c.id"
        )
    };
    let expected = rows(&context, &predicted("Utf8View")).await;
    let is_null = |row: &Vec<ScalarValue>| row[1].is_null();
    assert!(expected.iter().any(is_null) && !expected.iter().all(is_null));
    for row in &expected {
        assert_eq!(row[1], row[2]);
    }
    let types = ["Utf8", "LargeUtf8", "Dictionary(Int32, Utf8)", "Dictionary(UInt16, LargeUtf8)"];
    for data_type in types {
        let actual = rows(&context, &predicted(data_type)).await;
        assert_same(&actual, &expected, &format!("of models as {data_type}"));
    }
}

/// As of features: a model may stand twice in a dictionary, and NULL among its values, over bytes that are none of the
/// column's.
#[tokio::test]
async fn untidy_dictionaries_of_models() {
    let (context, _folder) = trained().await;
    let model = text(&value(&context, "SELECT model FROM everybody").await);
    let values = StringArray::from(vec![model.as_str(), "{}", &model]);
    let (offsets, bytes, _) = values.into_parts();
    let nulls = NullBuffer::from(vec![true, false, true]);
    let values = StringArray::new(offsets, bytes, Some(nulls));
    let keys = Int8Array::from(vec![Some(0), Some(1), Some(2), None, Some(0)]);
    let dictionary: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, Arc::new(values)));
    let batch = RecordBatch::try_from_iter([("model", dictionary)]).expect("a batch");
    context.register_batch("untidy", batch).expect("a new table");
    let predict = "SELECT ziln_predict(model, {recency: 1, frequency: 2, channel: 'ads'})['mu'],
        ziln_model_info(model)['payers'] FROM untidy";
    let predicted = rows(&context, predict).await;
    let is_null: Vec<[bool; 2]> =
        predicted.iter().map(|row| [row[0].is_null(), row[1].is_null()]).collect();
    assert_eq!(is_null, [[false; 2], [true; 2], [false; 2], [true; 2], [false; 2]]);
    assert_same(
        &[predicted[0].clone(), predicted[0].clone()],
        &[predicted[2].clone(), predicted[4].clone()],
        "of one model",
    );
}
