//! A model as a function of its own: `name(features)`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::Float64Array;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use super::customer::with_columns;
use super::error::{refuse_value, wrong_arity};
use super::features::FeatureShape;
use super::guard::guarded_scalar;
use super::signature::{example_features, listing};
use crate::math::{Column, Params, Spread, expected_ltv};
use crate::model::{Model, Models, ParamsOut, Scorer};

/// A function of SQL that is a model: `name(features)` is the expected lifetime value, a DOUBLE that is never NULL.
///
/// `features` is what `ziln_predict` takes, and the result has the bits of
/// `ziln_expected_ltv(ziln_predict(model, features))`. The model is read once, here, and its text crosses no border again.
///
/// # Example
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> datafusion::error::Result<()> {
/// use datafusion::prelude::SessionContext;
/// use ziln::fit::{Chunk, FeatureColumn, FeatureValues, Options, RowId, Table, fit};
///
/// let (label, visits) = ([0.0, 5.0, 0.0, 20.0], [1.0, 4.0, 2.0, 9.0]);
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![FeatureValues::Numbers(&visits)] }],
/// };
/// let rows: Vec<RowId> = (0..4).map(|row| RowId { chunk: 0, row }).collect();
/// let model = fit(&table, &rows, &Options::default()).unwrap().expect("two of the customers pay");
///
/// let ctx = SessionContext::new();
/// ctx.register_udf(ziln::udf::model_function("spend_next_year", &model));
/// let batches = ctx.sql("SELECT spend_next_year({visits: 7}) AS ltv").await?.collect().await?;
/// assert!(datafusion::common::cast::as_float64_array(batches[0].column(0))?.value(0) > 0.0);
/// # Ok(())
/// # }
/// ```
pub fn model_function(name: &str, model: &Model) -> ScalarUDF {
    guarded_scalar(ScalarUDF::from(NamedModel {
        name: name.to_owned(),
        text: model.to_json(),
        scorer: Arc::new(Scorer::new(model)),
        signature: listing(vec![vec![example_features()]]),
    }))
}

#[derive(Debug)]
struct NamedModel {
    name: String,
    /// What tells it from other models.
    text: String,
    scorer: Arc<Scorer>,
    signature: Signature,
}

impl PartialEq for NamedModel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

impl Eq for NamedModel {}

impl Hash for NamedModel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.text.hash(state);
    }
}

impl NamedModel {
    fn wrong_arity(&self, got: usize) -> datafusion_common::DataFusionError {
        wrong_arity(&self.name, &format!("{}(features)", self.name), got)
    }
}

impl ScalarUDFImpl for NamedModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [features] = arg_types else { return Err(self.wrong_arity(arg_types.len())) };
        FeatureShape::of_type(&self.name, features)?;
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [features] = args.args.as_slice() else {
            return Err(self.wrong_arity(args.args.len()));
        };
        let is_scalar = matches!(features, ColumnarValue::Scalar(_));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let model = Models::One(Arc::clone(&self.scorer));
        let features = features.to_array(rows)?;
        let ltv = with_columns(&self.name, model, &features, |bound, _, columns| {
            let mut params = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
            let [logit, mu, sigma] = &mut params;
            bound
                .predict(columns, ParamsOut { logit, mu, sigma })
                .map_err(|error| refuse_value(&self.name, &error))?;
            let [logit, mu, sigma] = &params;
            let params = Params {
                logit: Column::F64(logit),
                mu: Column::F64(mu),
                spread: Spread::Sigma(Column::F64(sigma)),
            };
            let mut ltv = vec![0.0; rows];
            expected_ltv(&params, &mut ltv);
            Ok(ltv)
        })?;
        Ok(match ltv.as_slice() {
            [ltv] if is_scalar => ColumnarValue::Scalar(ScalarValue::from(*ltv)),
            _ => ColumnarValue::Array(Arc::new(Float64Array::from(ltv))),
        })
    }
}
