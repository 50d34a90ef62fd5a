//! Training and scoring in DataFusion from Rust: a model a campaign, then the loss of each.
//!
//! ```console
//! $ cargo run --example rust_datafusion
//! ```

use datafusion::error::Result;
use datafusion::prelude::SessionContext;

#[tokio::main]
async fn main() -> Result<()> {
    let mut ctx = SessionContext::new();
    ziln::udf::register_all(&mut ctx)?;

    // Any table will do: Parquet or CSV files, a data frame, a table provider of your own.
    ctx.sql(
        "CREATE VIEW customers AS
         SELECT value AS id,
                CASE WHEN value % 3 = 0 THEN 'search' ELSE 'social' END AS campaign,
                value % 10 AS visits,
                CASE WHEN value % 7 < value % 10 THEN exp(value % 10 / 5.0 + sin(value)) ELSE 0 END AS ltv
         FROM range(0, 3000)",
    )
    .await?
    .collect()
    .await?;

    ctx.sql(
        "WITH models AS (
             SELECT campaign, ziln_fit_sgd(ltv, {visits: visits}) AS model
             FROM customers GROUP BY campaign
         ),
         scored AS (
             SELECT campaign, ltv, ziln_predict(model, {visits: visits}) AS params
             FROM customers JOIN models USING (campaign)
         )
         SELECT campaign, count(*) AS customers,
                round(avg(ltv), 2) AS actual,
                round(avg(ziln_expected_ltv(params)), 2) AS predicted,
                round(avg(ziln_loss(ltv, params)), 3) AS loss
         FROM scored GROUP BY campaign ORDER BY campaign",
    )
    .await?
    .show()
    .await
}
