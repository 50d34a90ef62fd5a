//! Training by passes, run to its end: one query a pass.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion_common::Result;

use crate::call::passes::PassQueries;

/// Passes at most, unless a call says so: three to five are enough where the data bound every weight, and of more than 500
/// columns some thirty.
const MOST_PASSES: usize = 50;

/// What [`fit_passes`] trains: expressions of SQL over the columns of its rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FitPasses {
    label: String,
    features: String,
    weight: Option<String>,
    by: Vec<String>,
    options: Option<String>,
    max_passes: usize,
}

impl FitPasses {
    /// A model of a label and of features, such as `ltv` and `{recency: recency, channel: channel}`.
    pub fn new(label: impl Into<String>, features: impl Into<String>) -> Self {
        let (label, features) = (label.into(), features.into());
        Self {
            label,
            features,
            weight: None,
            by: Vec::new(),
            options: None,
            max_passes: MOST_PASSES,
        }
    }

    /// How often a row counts.
    #[must_use]
    pub fn weight(self, weight: impl Into<String>) -> Self {
        Self { weight: Some(weight.into()), ..self }
    }

    /// The names of the columns by which rows are grouped, a model a group: as they are, not as SQL reads names without
    /// quotes. The result has them under the same names.
    #[must_use]
    pub fn by<C: Into<String>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { by: columns.into_iter().map(Into::into).collect(), ..self }
    }

    /// The options of `ziln_newton_start`, such as `{max_rows: 1000000}`.
    #[must_use]
    pub fn options(self, options: impl Into<String>) -> Self {
        Self { options: Some(options.into()), ..self }
    }

    /// Passes over all rows at most; 50 unless this says so.
    #[must_use]
    pub fn max_passes(self, passes: usize) -> Self {
        Self { max_passes: passes, ..self }
    }

    fn queries(&self, rows: &str) -> PassQueries {
        PassQueries {
            rows: rows.to_owned(),
            label: self.label.clone(),
            features: self.features.clone(),
            weight: self.weight.clone(),
            by: self.by.clone(),
            options: self.options.clone(),
            models: PassQueries::models_table(),
        }
    }
}

/// Trains a model a group exactly, over any number of rows: `ziln_newton_start`, then `ziln_newton_step` until all models
/// have converged.
///
/// `rows` is a table's name, or a query in parentheses. The session needs the functions ([`register_all`](super::register_all)).
/// The result has the columns by which rows are grouped, and `model`, which is NULL where no row is usable or no label is
/// positive. Each pass is a query over the rows of the groups that have not converged. Models that have not after the last
/// pass say so in their `stop_reason`.
///
/// # Errors
/// Those of the queries: an expression that is none, or what the two functions refuse.
///
/// # Example
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> datafusion::error::Result<()> {
/// use datafusion::prelude::SessionContext;
/// use ziln::udf::{FitPasses, fit_passes};
///
/// let mut ctx = SessionContext::new();
/// ziln::udf::register_all(&mut ctx)?;
/// let customers = "(SELECT value % 2 AS campaign, value % 5 AS visits, (value * 7 % 11 - 5) * (value % 5) AS ltv \
///                  FROM range(0, 3000))";
/// let passes = FitPasses::new("ltv", "{visits: visits}").by(["campaign"]).options("{max_rows: 500}");
/// let models = fit_passes(&ctx, customers, &passes).await?;
/// ctx.register_table("models", models.into_view())?;
/// let query = "SELECT count(*) AS models FROM models WHERE ziln_model_info(model)['stop_reason'] = 'converged'";
/// let batches = ctx.sql(query).await?.collect().await?;
/// assert_eq!(datafusion::common::cast::as_int64_array(batches[0].column(0))?.value(0), 2);
/// # Ok(())
/// # }
/// ```
pub async fn fit_passes(ctx: &SessionContext, rows: &str, passes: &FitPasses) -> Result<DataFrame> {
    let queries = passes.queries(rows);
    let started = ctx.sql(&queries.start()).await?;
    let schema: SchemaRef = Arc::new(started.schema().as_arrow().clone());
    let mut models = started.collect().await?;
    for _ in 0..passes.max_passes {
        let (open, mut rest) = {
            let _table = TemporaryTable::register(ctx, &queries.models, &schema, models.clone())?;
            let open = ctx.sql(&queries.open(true)).await?.collect().await?;
            (open, ctx.sql(&queries.open(false)).await?.collect().await?)
        };
        if open.iter().all(|batch| batch.num_rows() == 0) {
            break;
        }
        let _table = TemporaryTable::register(ctx, &queries.models, &schema, open)?;
        rest.extend(ctx.sql(&queries.step()).await?.collect().await?);
        models = rest;
    }
    let columns: Vec<RecordBatch> = models
        .iter()
        .map(|batch| batch.clone().with_schema(Arc::clone(&schema)))
        .collect::<std::result::Result<_, _>>()?;
    let mut named = ctx.read_table(Arc::new(MemTable::try_new(schema, vec![columns])?))?;
    for (key, name) in queries.keys().into_iter().zip(&passes.by) {
        named = named.with_column_renamed(key, name)?;
    }
    Ok(named)
}

/// A table that is there for as long as a pass.
struct TemporaryTable<'a> {
    ctx: &'a SessionContext,
    name: &'a str,
}

impl<'a> TemporaryTable<'a> {
    fn register(
        ctx: &'a SessionContext,
        name: &'a str,
        schema: &SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<Self> {
        let batches = batches.into_iter().map(|batch| batch.with_schema(Arc::clone(schema)));
        let batches = batches.collect::<std::result::Result<Vec<_>, _>>()?;
        let table = MemTable::try_new(Arc::clone(schema), vec![batches])?;
        ctx.register_table(name, Arc::new(table))?;
        Ok(Self { ctx, name })
    }
}

impl Drop for TemporaryTable<'_> {
    fn drop(&mut self) {
        // A table that is gone already is gone.
        let _ = self.ctx.deregister_table(self.name);
    }
}
