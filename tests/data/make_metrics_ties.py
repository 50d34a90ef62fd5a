"""Writes metrics_ties.json: metrics of random data with many ties, by scikit-learn, SciPy, NumPy and pandas.

pip install numpy scipy scikit-learn pandas
python tests/data/make_metrics_ties.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

ROWS = 240


def gini(label, prediction, weight):
    """Twice the area under the gain curve less 1, a point of the curve for each distinct prediction."""
    table = pd.DataFrame({"value": label * weight, "weight": weight, "prediction": prediction})
    steps = table.groupby("prediction")[["value", "weight"]].sum().sort_index(ascending=False)
    gain = np.concatenate([[0], np.cumsum(steps["value"]) / steps["value"].sum()])
    share = np.concatenate([[0], np.cumsum(steps["weight"]) / steps["weight"].sum()])
    return 2 * np.trapezoid(gain, share) - 1


def normalized_gini(label, prediction, weight):
    return gini(label, prediction, weight) / gini(label, label, weight)


def metrics(label, prediction, weight):
    pays = label > 0
    ones = np.ones(len(label))
    return {
        "spearman": spearmanr(label, prediction).statistic,
        "spearman_of_repeated": spearmanr(
            np.repeat(label, weight), np.repeat(prediction, weight)
        ).statistic,
        "gini": gini(label, prediction, ones),
        "normalized_gini": normalized_gini(label, prediction, ones),
        "roc_auc": roc_auc_score(pays, prediction),
        "average_precision": average_precision_score(pays, prediction),
        "weighted_gini": gini(label, prediction, weight),
        "weighted_normalized_gini": normalized_gini(label, prediction, weight),
        "weighted_roc_auc": roc_auc_score(pays, prediction, sample_weight=weight),
        "weighted_average_precision": average_precision_score(
            pays, prediction, sample_weight=weight
        ),
    }


def case(name, random, label, prediction):
    weight = random.integers(1, 5, ROWS)
    return {
        "name": name,
        "label": label.tolist(),
        "prediction": prediction.tolist(),
        "weight": weight.astype(float).tolist(),
        "expected": metrics(label, prediction, weight),
    }


def buckets(random, rows, count):
    """Rows by quantile bucket of distinct predictions, where rows do not divide evenly."""
    label = random.integers(1, 90, rows) / 4
    prediction = random.permutation(rows) / 8 + 1
    table = pd.DataFrame({"label": label, "prediction": prediction})
    by_bucket = table.groupby(pd.qcut(prediction, count, labels=False))
    return {
        "buckets": count,
        "label": label.tolist(),
        "prediction": prediction.tolist(),
        "expected": [
            {"bucket": int(bucket) + 1, "rows": len(part), "label_mean": part["label"].mean()}
            for bucket, part in by_bucket
        ],
    }


def main():
    random = np.random.default_rng(2019)
    pays = random.random(ROWS) < 0.4
    amount = np.exp(random.normal(3, 1.2, ROWS))
    spend = np.where(pays, np.round(amount), 0.0)
    cases = [
        case("coarse score", random, spend, np.round(amount / 20 + random.normal(0, 2, ROWS))),
        case("two scores", random, spend, (random.random(ROWS) < 0.3 + 0.4 * pays).astype(float)),
        case("small counts", random, random.poisson(0.8, ROWS) * 1.0, random.poisson(2, ROWS) / 3),
        case("no ties", random, amount * pays, random.normal(0, 1, ROWS) + pays),
    ]
    deciles = [
        buckets(random, rows, count) for rows, count in [(61, 10), (64, 10), (97, 7), (29, 12)]
    ]
    path = Path(__file__).with_name("metrics_ties.json")
    path.write_text(json.dumps({"cases": cases, "buckets": deciles}) + "\n")


if __name__ == "__main__":
    main()
