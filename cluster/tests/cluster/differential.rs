//! The same statements with and without a cluster: the same rows, bit for bit.
//!
//! What a plan of one partition leaves out, and what runs in each task of a stage though it must run once, is where an engine that
//! cuts plans goes wrong without an error. So this is a list of such statements, over the customers of CDNOW in several files, a
//! table of one small file and one without rows.

use std::fmt::Write as _;
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::Result;
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use tempfile::TempDir;
use ziln::udf::{FitPasses, fit_passes};

use crate::processes::{local, on, rows, runtime, text, workers};
use crate::script::purchases;

/// Statements over `customers` (23,570, in 5 files), `few` (7 rows, one file), `none` (no rows), `purchases` (one file).
/// Sums are of integers or in cents, as those of floating-point numbers depend on their order in any engine.
const STATEMENTS: &[&str] = &[
    // Aggregates of all rows, alone and beside what there is more of.
    "SELECT count(*), sum(visits), min(ltv), max(cohort), count(DISTINCT visits) FROM customers",
    "SELECT count(*), ziln_fit_sgd(ltv, {visits: visits, cohort: cohort}, {epochs: 2}) FROM customers",
    "WITH p AS (SELECT ziln_fit_prior(ltv, {visits: visits}, cohort) AS model FROM customers)
     SELECT c.cohort, ziln_fit_newton(c.ltv, {visits: c.visits}, NULL, NULL, p.model)
     FROM customers c CROSS JOIN p GROUP BY c.cohort",
    "WITH p AS (SELECT ziln_fit_prior(ltv, {visits: visits}, cohort) AS model FROM customers)
     SELECT p.model, c.id FROM customers c CROSS JOIN p WHERE c.visits > 20",
    "WITH m AS (SELECT ziln_fit_newton(ltv, {visits: visits}) AS model FROM customers)
     SELECT c.id, ziln_predict(m.model, {visits: c.visits}) FROM customers c, m WHERE c.id % 50 = 0",
    "WITH t AS (SELECT sum(visits) AS n FROM customers), u AS (SELECT count(*) AS n FROM few)
     SELECT t.n, u.n FROM t CROSS JOIN u",
    "WITH t AS (SELECT sum(visits) AS n FROM few) SELECT t.n, f.* FROM few f CROSS JOIN t",
    "WITH t AS (SELECT sum(visits) AS n FROM none) SELECT t.n, c.id FROM customers c CROSS JOIN t WHERE c.id < 99",
    "WITH t AS (SELECT count(*) AS n FROM customers WHERE visits > 1000) SELECT t.n, f.id FROM few f CROSS JOIN t",
    "SELECT c.cohort, count(*) FROM customers c JOIN (SELECT max(visits) AS most FROM customers) m ON c.visits * 9 > m.most
     GROUP BY c.cohort",
    "SELECT a.n, b.n FROM (SELECT count(*) AS n FROM customers) a LEFT JOIN (SELECT count(*) AS n FROM none) b ON a.n = b.n",
    "SELECT a.n, b.n FROM (SELECT count(*) AS n FROM customers) a FULL JOIN (SELECT count(*) AS n FROM few) b ON a.n = b.n",
    // Subqueries for one value.
    "SELECT id, visits - (SELECT max(visits) FROM customers) AS d FROM customers WHERE id % 40 = 1",
    "SELECT id FROM customers WHERE visits = (SELECT max(visits) FROM customers WHERE cohort = '1997-02')",
    "SELECT id, (SELECT ziln_fit_newton(ltv, {visits: visits}) FROM customers) AS m FROM few",
    "SELECT cohort, (SELECT count(*) FROM few f WHERE f.cohort = c.cohort) AS n FROM customers c WHERE id % 100 = 3",
    "SELECT count(*) FROM customers WHERE visits > (SELECT min(visits) FROM none)",
    "SELECT cohort, sum(visits) AS n FROM customers GROUP BY cohort HAVING sum(visits) > (SELECT count(*) FROM few)",
    // Limits, and what is sorted for them.
    "SELECT id, ltv FROM customers ORDER BY ltv DESC, id LIMIT 17",
    "SELECT id, ltv FROM customers ORDER BY ltv DESC, id LIMIT 5 OFFSET 9",
    "SELECT count(*), sum(1) FROM (SELECT id FROM customers LIMIT 10)",
    "SELECT count(*) FROM (SELECT id FROM few LIMIT 3)",
    "SELECT count(*) FROM (SELECT id FROM customers LIMIT 4000 OFFSET 23560)",
    "SELECT count(*) FROM customers c JOIN (SELECT id FROM customers LIMIT 10) l ON c.id = l.id",
    "SELECT count(*) FROM customers c CROSS JOIN (SELECT id FROM few LIMIT 2) l",
    "SELECT count(*) FROM (SELECT id FROM customers LIMIT 10) a CROSS JOIN (SELECT id FROM few LIMIT 3) b",
    "SELECT c.id, t.id FROM few c CROSS JOIN (SELECT id FROM customers ORDER BY visits DESC, id LIMIT 4) t",
    "SELECT c.cohort, count(*) FROM customers c
     WHERE c.id IN (SELECT id FROM customers ORDER BY ltv DESC, id LIMIT 100) GROUP BY c.cohort",
    "SELECT count(*) FROM (SELECT DISTINCT visits FROM customers LIMIT 6)",
    "SELECT count(*) FROM (SELECT id FROM few UNION ALL SELECT id FROM customers LIMIT 9)",
    "SELECT count(*) FROM (SELECT id FROM customers WHERE visits > 2 LIMIT 12)",
    "SELECT ziln_fit_newton(ltv, {visits: visits}) FROM (SELECT * FROM customers ORDER BY id LIMIT 900)",
    "SELECT cohort, max(visits) AS most FROM customers GROUP BY cohort ORDER BY most DESC, cohort LIMIT 2",
    "SELECT visits, min(id) AS first FROM customers GROUP BY visits ORDER BY first LIMIT 3",
    // Windows.
    "SELECT id, row_number() OVER (ORDER BY ltv DESC, id) AS place FROM customers WHERE visits > 6",
    "SELECT id, place FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM customers) WHERE place % 500 = 0",
    "SELECT id, sum(visits) OVER () AS n, count(*) OVER (PARTITION BY cohort) AS c FROM customers WHERE id % 40 = 7",
    "SELECT id, sum(visits) OVER (PARTITION BY cohort ORDER BY id) AS n FROM customers WHERE visits > 5",
    "SELECT f.id, lag(f.id) OVER (ORDER BY f.id) FROM few f",
    "SELECT * FROM (SELECT id, rank() OVER (PARTITION BY cohort ORDER BY ltv DESC, id) AS r FROM customers) WHERE r <= 3",
    "SELECT w.id, c.cohort FROM (SELECT id, row_number() OVER (ORDER BY visits DESC, id) AS r FROM customers) w
     JOIN customers c ON c.id = w.r WHERE w.r < 40",
    "SELECT cohort, ziln_evaluate(ltv, 0.1, 1.0, 0.5) OVER (PARTITION BY cohort) AS e FROM customers WHERE id % 50 = 0",
    // DISTINCT, groupings.
    "SELECT count(DISTINCT cohort), count(DISTINCT ltv), sum(DISTINCT visits) FROM customers",
    "SELECT cohort, count(DISTINCT visits) AS n, count(*) FILTER (WHERE ltv > 0) AS p FROM customers GROUP BY cohort",
    "SELECT DISTINCT visits, cohort FROM customers",
    "SELECT cohort, visits, count(*) FROM customers GROUP BY GROUPING SETS ((cohort), (visits), ())",
    "SELECT cohort, visits > 3 AS many, count(*), ziln_fit_newton(ltv, {visits: visits}) FROM customers
     GROUP BY ROLLUP (cohort, visits > 3)",
    "SELECT cohort, visits > 3 AS many, sum(visits) FROM few GROUP BY CUBE (cohort, visits > 3)",
    "SELECT 1 AS k, cohort, count(*) FROM none GROUP BY GROUPING SETS ((cohort), ())",
    "SELECT array_agg(id ORDER BY id) FROM customers WHERE visits > 9",
    "SELECT cohort, first_value(id ORDER BY ltv DESC, id) AS best, last_value(id ORDER BY id) FROM customers GROUP BY cohort",
    "SELECT median(visits), approx_distinct(id) FROM customers",
    // UNION and its like.
    "SELECT cohort, ziln_fit_sgd(ltv, {visits: visits}, {epochs: 1}) AS model, count(*) FROM customers GROUP BY cohort
     UNION ALL SELECT 'all', ziln_fit_sgd(ltv, {visits: visits}, {epochs: 1}), count(*) FROM customers
     UNION ALL SELECT 'few', NULL, count(*) FROM few UNION ALL SELECT 'none', NULL, count(*) FROM none",
    "SELECT count(*), max(id) FROM (SELECT id FROM customers UNION ALL SELECT -id FROM few UNION ALL VALUES (1), (2))",
    "SELECT visits FROM customers UNION SELECT visits FROM few",
    "SELECT cohort, sum(n) FROM (SELECT cohort, count(*) AS n FROM customers GROUP BY cohort
                                 UNION ALL SELECT cohort, count(*) FROM few GROUP BY cohort) GROUP BY cohort",
    "SELECT visits FROM customers EXCEPT SELECT visits FROM few",
    "SELECT visits FROM customers INTERSECT SELECT visits FROM few",
    "SELECT u.k, c.id FROM (SELECT 1 AS k UNION ALL SELECT count(*) FROM few) u JOIN customers c ON c.id = u.k",
    // Joins of all kinds.
    "SELECT c.id, f.id FROM customers c LEFT JOIN few f ON c.id = f.id WHERE c.id % 300 < 2",
    "SELECT c.id, f.id FROM few f LEFT JOIN customers c ON c.id = f.id + 1",
    "SELECT c.id, f.id FROM customers c RIGHT JOIN few f ON c.id = f.id",
    "SELECT f.id, c.id FROM few f RIGHT JOIN customers c ON c.id = f.id WHERE c.visits > 8",
    "SELECT count(c.id), count(f.id), count(*) FROM customers c FULL JOIN few f ON c.id = f.id * 4",
    "SELECT count(a.id), count(b.id), count(*) FROM customers a FULL JOIN customers b ON a.id = b.id + 5",
    "SELECT a.cohort, count(*) FROM customers a JOIN customers b ON a.id = b.id + 1 AND a.visits < b.visits GROUP BY a.cohort",
    "SELECT count(*), count(n.id) FROM customers c LEFT JOIN none n ON c.id = n.id",
    "SELECT count(*), count(c.id) FROM none n FULL JOIN customers c ON c.id = n.id",
    "SELECT count(*) FROM few f JOIN none n ON f.visits > n.visits",
    "SELECT id FROM few WHERE id IN (SELECT id FROM customers WHERE visits > 1)",
    "SELECT id FROM few WHERE id NOT IN (SELECT id FROM customers WHERE visits > 1)",
    "SELECT count(*) FROM customers WHERE id NOT IN (SELECT id FROM few)",
    "SELECT count(*) FROM customers WHERE id NOT IN (SELECT CASE WHEN id > 3 THEN id END FROM few)",
    "SELECT count(*) FROM customers c WHERE EXISTS (SELECT 1 FROM few f WHERE f.id = c.id)",
    "SELECT count(*) FROM customers c WHERE NOT EXISTS (SELECT 1 FROM few f WHERE f.id = c.id)",
    "SELECT count(*) FROM few f WHERE EXISTS (SELECT 1 FROM customers c WHERE c.visits > f.visits + 20)",
    "SELECT f.id FROM few f WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.visits > f.visits * 9)",
    "SELECT count(*) FROM customers WHERE EXISTS (SELECT 1 FROM none)",
    "SELECT count(*) FROM customers WHERE id IN (SELECT id * 2 FROM few) OR visits > 30",
    "SELECT f.id, count(c.id), max(c.id) FROM few f LEFT JOIN customers c ON c.visits > f.visits + 10 GROUP BY f.id",
    "SELECT f.id, count(c.id) FROM customers c RIGHT JOIN few f ON c.visits > f.visits + 10 GROUP BY f.id",
    "SELECT count(f.id), count(c.id) FROM few f FULL JOIN customers c ON c.visits > f.visits + 30",
    "SELECT c.id, v.column2 FROM customers c JOIN (VALUES (3, 'a'), (5, 'b'), (9, 'c')) v ON c.id = v.column1",
    "SELECT v.column1, c.id FROM (VALUES (3), (-5)) v LEFT JOIN customers c ON c.id = v.column1",
    "SELECT c.id, f.id, d.visits FROM customers c JOIN few f ON c.id = f.id JOIN customers d ON d.id = f.id + 1",
    "SELECT count(*), min(a.id) FROM few a, few b, few c WHERE a.id < b.id AND b.id < c.id",
    // Views, lists, values made of rows.
    "SELECT p.id, p.n, c.cohort FROM (SELECT id, count(*) AS n FROM purchases GROUP BY id) p JOIN customers c USING (id)
     WHERE p.n > 15",
    "SELECT id, unnest(make_array(visits, 0)) AS u FROM customers WHERE id % 500 = 0",
    "SELECT unnest(ziln_decile_stats(ltv, CAST(visits AS DOUBLE))) FROM customers",
    "SELECT ziln_gini(ltv, visits), ziln_spearman(ltv, visits), ziln_evaluate(ltv, 0.1, 1.0, 0.5) FROM customers",
    "SELECT cohort, ziln_gini(ltv, visits) AS g, ziln_spearman(ltv, visits) AS s FROM customers GROUP BY cohort",
    "SELECT ziln_fit_prior(ltv, {visits: visits}, cohort, {max_rows: 300}) FROM customers",
    "SELECT cohort, ziln_fit_sgd(ltv, {visits: visits}, {max_rows: 200, hidden: [3], epochs: 2}) FROM customers GROUP BY cohort",
    "SELECT ziln_fit_newton(ltv, {visits: visits}, {max_rows: 700}) FROM customers",
    "SELECT ziln_newton_start(ltv, {visits: visits}, {max_rows: 700}) FROM customers",
    "WITH m AS (SELECT ziln_newton_start(ltv, {visits: visits}, {max_rows: 700}) AS model FROM customers)
     SELECT ziln_newton_step(c.ltv, {visits: c.visits}, m.model) FROM customers c CROSS JOIN m",
    "WITH m AS (SELECT cohort, ziln_newton_start(ltv, {visits: visits}, {max_rows: 200}) AS model FROM customers GROUP BY cohort)
     SELECT c.cohort, ziln_newton_step(c.ltv, {visits: c.visits}, m.model) FROM customers c JOIN m ON c.cohort = m.cohort
     GROUP BY c.cohort",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r JOIN customers ON id = n WHERE n < 4) SELECT * FROM r",
    "SELECT count(*), max(n) FROM (SELECT * FROM range(0, 100) AS t(n)) t JOIN customers c ON c.id = t.n",
    "SELECT id, ziln_loss(ltv, 0.1, 1.0, 0.5), ziln_quantile(0.9, 0.1, 1.0, visits * 0.1) FROM customers WHERE id % 70 = 0",
    "SELECT cohort, sum(c) FROM (SELECT cohort, CAST(round(ziln_capped_ltv(50.0, 0.1, 1.0, visits * 0.1) * 100) AS BIGINT) AS c
                                 FROM customers) GROUP BY cohort",
];

/// Numbers of partitions, and settings with which the plans are others.
const SESSIONS: &[(usize, &[&str])] = &[
    (1, &[]),
    (2, &[]),
    (8, &[]),
    (
        2,
        &[
            "distributed.broadcast_joins = false",
            "distributed.children_isolator_unions = false",
            "datafusion.optimizer.repartition_joins = false",
        ],
    ),
    (
        3,
        &[
            "datafusion.optimizer.prefer_hash_join = false",
            "datafusion.optimizer.enable_window_topn = true",
            "datafusion.execution.collect_statistics = false",
            "datafusion.execution.batch_size = 100",
            "datafusion.execution.skip_partial_aggregation_probe_rows_threshold = 10",
            "datafusion.execution.skip_partial_aggregation_probe_ratio_threshold = 0.0",
        ],
    ),
];

/// The tables in a folder.
struct Tables {
    folder: TempDir,
}

impl Tables {
    async fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let ctx = local(1);
        text(
            &ctx,
            &format!(
                "CREATE EXTERNAL TABLE purchases STORED AS PARQUET LOCATION '{}'",
                purchases().display()
            ),
        )
        .await?;
        let customers = "SELECT id, to_char(min(date), '%Y-%m') AS cohort,
                                count(*) FILTER (WHERE date <= '1997-09-30') AS visits,
                                coalesce(round(sum(amount) FILTER (WHERE date > '1997-09-30'), 2), 0) AS ltv
                         FROM purchases GROUP BY id";
        std::fs::create_dir(folder.path().join("customers"))?;
        for file in 0..5 {
            let path = path(&format!("customers/{file}.parquet"));
            let from = file * 5_000;
            let part =
                format!("{customers} HAVING id > {from} AND id <= {} ORDER BY id", from + 5_000);
            text(&ctx, &format!("COPY ({part}) TO '{path}'")).await?;
        }
        let few = format!(
            "COPY ({customers} HAVING id IN (1, 2, 3, 5, 300, 600, 9000)) TO '{}'",
            path("few.parquet")
        );
        text(&ctx, &few).await?;
        text(&ctx, &format!("COPY ({customers} HAVING false) TO '{}'", path("none.parquet")))
            .await?;
        Ok(Self { folder })
    }

    /// The tables in a session.
    async fn register(&self, ctx: &SessionContext) -> Result<()> {
        let path = |name: &str| self.folder.path().join(name);
        let tables = [
            ("customers", path("customers/")),
            ("few", path("few.parquet")),
            ("none", path("none.parquet")),
            ("purchases", purchases()),
        ];
        for (name, path) in tables {
            let path = directory_or_file(&path);
            text(ctx, &format!("CREATE EXTERNAL TABLE {name} STORED AS PARQUET LOCATION '{path}'"))
                .await?;
        }
        Ok(())
    }
}

fn directory_or_file(path: &Path) -> String {
    let end = if path.is_dir() { "/" } else { "" };
    format!("{}{end}", path.display())
}

/// The rows of batches as sorted text, in which numbers have all their digits.
fn lines(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in batches {
        let columns =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let mut line = String::new();
            for column in &columns {
                _ = write!(line, "{} | ", column.value(row));
            }
            lines.push(line);
        }
    }
    lines.sort_unstable();
    Ok(lines)
}

/// What a statement has other than was expected.
async fn difference(
    ctx: &SessionContext,
    sql: &str,
    expected: &[String],
) -> Result<Option<String>> {
    let got = match rows(ctx, sql).await {
        Ok(rows) => lines(&rows)?,
        Err(error) => return Ok(Some(error.to_string())),
    };
    if got == expected {
        return Ok(None);
    }
    let differs = got.iter().zip(expected).find(|(got, expected)| got != expected);
    Ok(Some(format!("{} rows for {}: {differs:?}", got.len(), expected.len())))
}

#[test]
fn statements_have_the_rows_of_a_local_session() -> Result<()> {
    let workers = workers(2);
    runtime().block_on(async {
        let tables = Tables::new().await?;
        let reference = local(2);
        tables.register(&reference).await?;
        let mut expected = Vec::new();
        for sql in STATEMENTS {
            let rows = rows(&reference, sql).await;
            expected.push(lines(&rows.unwrap_or_else(|error| panic!("{sql}: {error}")))?);
        }
        let mut different = Vec::new();
        for (partitions, settings) in SESSIONS {
            let ctx = on(&workers, *partitions);
            for setting in *settings {
                text(&ctx, &format!("SET {setting}")).await?;
            }
            tables.register(&ctx).await?;
            for (sql, expected) in STATEMENTS.iter().zip(&expected) {
                if let Some(difference) = difference(&ctx, sql, expected).await? {
                    different.push(format!(
                        "{partitions} partitions {settings:?}: {sql}\n  {difference}"
                    ));
                }
            }
        }
        assert!(different.is_empty(), "{}", different.join("\n"));
        Ok(())
    })
}

/// That a statement stays in the session is the exception: where it reads no file after all, or by `WITH RECURSIVE`.
#[test]
fn statements_are_run_by_workers() -> Result<()> {
    let workers = workers(2);
    runtime().block_on(async {
        let ctx = on(&workers, 2);
        Tables::new().await?.register(&ctx).await?;
        let mut unsent = Vec::new();
        for sql in STATEMENTS {
            let plan = ctx.sql(sql).await?.create_physical_plan().await?;
            if !displayable(plan.as_ref()).indent(false).to_string().contains("DistributedExec") {
                unsent.push(*sql);
            }
        }
        assert!(10 * unsent.len() < STATEMENTS.len(), "{unsent:#?}");
        Ok(())
    })
}

/// Each pass is a query of its own, and reads its models from the memory of the session.
#[test]
fn passes_have_the_models_of_a_local_session() -> Result<()> {
    let workers = workers(2);
    runtime().block_on(async {
        let tables = Tables::new().await?;
        for by in [vec![], vec!["cohort"]] {
            let passes =
                FitPasses::new("ltv", "{visits: visits}").by(by).options("{max_rows: 400}");
            let mut models = Vec::new();
            for ctx in [local(2), on(&workers, 1), on(&workers, 8)] {
                tables.register(&ctx).await?;
                models
                    .push(lines(&fit_passes(&ctx, "customers", &passes).await?.collect().await?)?);
            }
            assert!(models[0][0].contains("converged"), "{:?}", models[0]);
            assert!(models.iter().all(|model| *model == models[0]));
        }
        Ok(())
    })
}
