"""The scripts of ``sql/`` from raw files to their reports. ``cdnow.sql`` is run by ``test_optimum``."""

import subprocess
import sys
from pathlib import Path

import datafusion
import polars as pl
import pytest
from warehouse import ROOT, query, run_script

import ziln.datasets

COMPANIES = 20


def test_rand_hie(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    ziln.datasets.rand_hie().write_parquet(tmp_path / "data" / "rand_hie.parquet")
    ctx = run_script("rand_hie.sql", tmp_path)
    losses = query(
        ctx,
        """
        SELECT kind, avg(ziln_loss(label, params)) AS loss, avg(ziln_loss(label, baseline_params)) AS baseline,
               ziln_gini(label, ziln_expected_ltv(params)) AS gini
        FROM scored GROUP BY kind
        """,
    )
    assert sorted(losses["kind"]) == sorted(query(ctx, "SELECT DISTINCT kind FROM spend")["kind"])
    assert losses.height == 3
    assert (losses["loss"] < losses["baseline"]).all()
    assert (losses["gini"] > 0.3).all()


def test_plots(cdnow: datafusion.SessionContext, cdnow_folder: Path) -> None:
    """The demo ends with a page about the customers that it scored."""
    script = [sys.executable, str(ROOT / "scripts" / "plots.py")]
    run = subprocess.run(script, cwd=cdnow_folder, check=True, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1].endswith(str(Path("output", "report.html")))
    page = (cdnow_folder / "output" / "report.html").read_text(encoding="utf-8")
    customers = query(cdnow, "SELECT count(*) AS rows FROM scored")["rows"].item()
    assert f'<data value="{customers}">' in page
    assert "1997-03" in page
    assert len(list((cdnow_folder / "output").glob("*.png"))) == 6


def test_acquire_valued_shoppers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    sample = ROOT / "scripts" / "make_shoppers_sample.py"
    transactions = tmp_path / "data" / "transactions.csv"
    subprocess.run([sys.executable, sample, transactions, "--customers=2000"], check=True)
    ctx = run_script("acquire_valued_shoppers.sql", tmp_path)

    models = pl.read_parquet(tmp_path / "output" / "shoppers_models.parquet")
    assert models.height == COMPANIES
    assert models["model"].null_count() == 0

    tables = query(
        ctx,
        """
        SELECT company, ziln['rows'] AS rows, ziln['spearman'] AS spearman,
               ziln['normalized_gini'] AS gini, ziln['decile_mape'] AS decile_mape, day_one_gini
        FROM evaluated
        """,
    )
    assert tables["company"].n_unique() == COMPANIES
    assert tables.null_count().row(0) == (0,) * tables.width
    assert tables.select(pl.col("gini").mean() > pl.col("day_one_gini").mean()).item()

    # The customers of the script, and their labels, found again in Polars from the raw file.
    raw = pl.read_csv(transactions, try_parse_dates=True).filter(pl.col("purchaseamount") > 0)
    customers = query(
        ctx,
        "SELECT company, sum(ltv) AS ltv, count(*) AS customers FROM customers GROUP BY company",
    )
    starts = raw.join(
        customers.select(pl.col("company").cast(pl.Int64)), on="company", how="semi"
    ).with_columns(start=pl.col("date").min().over("company", "id"))
    cohort = starts.filter(pl.col("start").is_between(pl.date(2012, 3, 1), pl.date(2012, 7, 1)))
    in_year = (pl.col("date") > pl.col("start")) & (
        pl.col("date") <= pl.col("start").dt.offset_by("365d")
    )
    expected = cohort.group_by("company").agg(
        ltv=pl.col("purchaseamount").filter(in_year).sum(), customers=pl.col("id").n_unique()
    )
    got = customers.with_columns(pl.col("company").cast(pl.Int64)).sort("company")
    expected = expected.sort("company")
    assert got["customers"].to_list() == expected["customers"].to_list()
    assert got["ltv"].to_list() == pytest.approx(expected["ltv"].to_list(), rel=1e-9)
