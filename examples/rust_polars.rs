//! Models in Polars from Rust: lazy expressions, then the same functions in Polars' SQL.
//!
//! Run: `cargo run --example rust_polars --features polars-lazy`

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::sync::Arc;

use polars::prelude::*;
use polars_sql::SQLContext;
use ziln::expr::lazy::{SqlFunctions, expected_ltv, fit_sgd, loss, predict};
use ziln::fit::Options;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let customers = df!(
        "campaign" => ["search", "search", "search", "search", "social", "social", "social", "social"],
        "visits" => [1, 2, 3, 4, 1, 2, 3, 4],
        "ltv" => [0.0, 4.0, 0.0, 20.0, 0.0, 0.0, 9.5, 30.0],
    )?;

    // One model a campaign.
    let options = Options::builder().epochs(200).build()?;
    let features = || as_struct(vec![col("visits")]);
    let models = customers.clone().lazy().group_by([col("campaign")]).agg([fit_sgd(
        col("ltv"),
        features(),
        None,
        options,
        None,
    )]);

    // Every customer by the model of its campaign.
    let scored = customers
        .lazy()
        .left_join(models, col("campaign"), col("campaign"))
        .with_column(predict(col("model"), features()))
        .collect()?;
    let report = scored
        .clone()
        .lazy()
        .group_by([col("campaign")])
        .agg([
            col("ltv").sum().alias("actual"),
            expected_ltv(col("params")).sum().alias("predicted"),
            loss(col("ltv"), col("params")).mean(),
        ])
        .sort(["campaign"], SortMultipleOptions::default())
        .collect()?;
    println!("{report}");

    // The same report in SQL.
    let mut context = SQLContext::new().with_function_registry(Arc::new(SqlFunctions));
    context.register("scored", scored.lazy());
    let by_sql = context
        .execute(
            "SELECT campaign, SUM(ltv) AS actual, SUM(ziln_expected_ltv(params)) AS predicted,
                    AVG(ziln_loss(ltv, params)) AS loss
             FROM scored GROUP BY campaign ORDER BY campaign",
        )?
        .collect()?;
    assert_eq!(by_sql, report);
    Ok(())
}
