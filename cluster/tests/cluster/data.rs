//! Customers in Parquet files.

use std::path::Path;

use tempfile::TempDir;

use crate::processes::{local, runtime};

/// Customers of 20 campaigns in several files, in the table `customers` of a folder.
pub struct Customers {
    folder: TempDir,
}

impl Customers {
    pub fn new(rows: usize, files: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let customers = folder.path().join("customers");
        std::fs::create_dir(&customers).expect("a folder");
        let part = rows.div_ceil(files);
        runtime().block_on(async {
            for file in 0..files {
                let (from, to) = (file * part, rows.min((file + 1) * part));
                let path = customers.join(format!("part-{file}.parquet"));
                let path = path.display();
                // A sine of large steps is random enough, and the same everywhere to six digits.
                let sql = format!(
                    "COPY (
                        SELECT value AS id, value % 20 AS campaign, visits, noise,
                               CASE value % 3 WHEN 0 THEN 'search' WHEN 1 THEN 'social' END AS channel,
                               CASE WHEN noise > 0.2 THEN round(exp(0.3 * visits + noise), 2) ELSE 0 END AS ltv
                        FROM (SELECT value, (value * 7919) % 11 AS visits,
                                     round(sin(value * 12.9898) * cos(value * 78.233), 6) AS noise
                              FROM range({from}, {to}))
                    ) TO '{path}'"
                );
                local(1).sql(&sql).await.expect("a query").collect().await.expect("a file");
            }
        });
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The table in a query.
    pub fn table(&self) -> String {
        format!("'{}/'", self.path().join("customers").display())
    }
}
