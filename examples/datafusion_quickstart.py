"""The same functions as SQL, in DataFusion's Python package.

Run: python examples/datafusion_quickstart.py   (needs: pip install 'ziln[datafusion,datasets]')
"""

import datafusion

import ziln
import ziln.datasets

CUSTOMERS = """
    CREATE TABLE customers AS
    WITH starts AS (SELECT id, min(date) AS start FROM purchases GROUP BY id)
    SELECT id,
           ln(1 + sum(amount) FILTER (WHERE date = start)) AS first_amount,
           ln(1 + sum(quantity) FILTER (WHERE date = start)) AS first_quantity,
           coalesce(sum(amount) FILTER (WHERE date > start AND date <= start + INTERVAL '365' DAY), 0) AS ltv
    FROM purchases JOIN starts USING (id)
    GROUP BY id
"""

MODELS = """
    CREATE TABLE models AS
    SELECT ziln_fit_sgd(ltv, {first_amount: first_amount, first_quantity: first_quantity}) AS model
    FROM customers WHERE id % 5 <> 0
"""

SCORED = """
    CREATE TABLE scored AS
    SELECT id, ltv, ziln_predict(model, {first_amount: first_amount, first_quantity: first_quantity}) AS params
    FROM customers, models WHERE id % 5 = 0
"""

REPORT = """
    SELECT count(*) AS customers,
           round(avg(ltv), 2) AS actual,
           round(avg(ziln_expected_ltv(params)), 2) AS predicted,
           round(avg(ziln_loss(ltv, params)), 4) AS loss,
           round(ziln_gini(ltv, ziln_expected_ltv(params)), 3) AS gini
    FROM scored
"""

BEST = """
    SELECT id, round(ziln_expected_ltv(params), 2) AS predicted, round(ziln_pay_prob(params), 3) AS pay_prob,
           round(ziln_quantile(0.9, params), 2) AS one_in_ten_above, round(ltv, 2) AS actual
    FROM scored ORDER BY ziln_expected_ltv(params) DESC LIMIT 5
"""


def main() -> None:
    """Train on four customers of five, and report on the fifth."""
    ctx = datafusion.SessionContext()
    ziln.register_all(ctx)
    ctx.from_arrow(ziln.datasets.cdnow().to_arrow(), "purchases")
    for statement in (CUSTOMERS, MODELS, SCORED):
        ctx.sql(statement).collect()
    print("On customers the model has not seen:")
    ctx.sql(REPORT).show()
    print("The customers who promise most:")
    ctx.sql(BEST).show()


if __name__ == "__main__":
    main()
