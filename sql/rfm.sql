-- From transactions to customers: what each did up to a day, and what each was worth after it.
--
--   ziln -q -f sql/rfm.sql          from the root of the repository
--
-- Input:   data/cdnow.parquet, 69,659 purchases (scripts/cdnow_to_parquet.py writes it).
-- Output:  output/rfm.parquet, one row a customer, with the columns of Python's ziln.rfm.
--
-- For your own data, change statements 1 and 2; statement 3 stays, and DuckDB runs it as it is.
-- docs/labels.md says how to choose a cutoff and a horizon.


-- 1. The transactions: customer, date (or timestamp) and amount, negative for refunds. Rows without
--    one of the three, or with a NaN or infinite amount, are left out.

CREATE OR REPLACE EXTERNAL TABLE purchases STORED AS PARQUET LOCATION 'data/cdnow.parquet';

CREATE OR REPLACE VIEW transactions AS
SELECT id AS customer, date, amount FROM purchases;


-- 2. The parameters, in a table of one row. The horizon, in days, is how far the label looks ahead of
--    the cutoff, the last day of the past. A cutoff that is NULL gives each customer its own, so many
--    days after the first purchase day. A yearly discount rate of 0.1 is 10%. The last day that the
--    transactions cover is, if NULL, that of the last of them.

CREATE OR REPLACE TABLE rfm_parameters AS
SELECT DATE '1997-09-30'  AS cutoff,
       0                  AS days_after_first,
       273                AS horizon,
       0.0                AS discount_rate,
       CAST(NULL AS DATE) AS observed_until;


-- 3. One row a customer. Amounts are added up as decimals: exactly, so in any order. A purchase and
--    its refund on the same day leave nothing. Change DECIMAL(38, 2) for a currency without cents.

CREATE OR REPLACE TABLE customers AS
WITH usable AS (
    SELECT customer, CAST(date AS DATE) AS day, CAST(amount AS DECIMAL(38, 8)) AS amount
    FROM transactions
    WHERE customer IS NOT NULL
      AND date IS NOT NULL
      AND abs(CAST(amount AS DOUBLE)) < CAST('inf' AS DOUBLE)
),
days AS (
    SELECT customer, day, sum(amount) AS net,
           sum(amount) > 0 OR min(amount) >= 0 AS bought
    FROM rfm_parameters CROSS JOIN usable
    WHERE observed_until IS NULL OR day <= observed_until
    GROUP BY customer, day
),
aged AS (
    SELECT *, min(CASE WHEN bought THEN day END) OVER (PARTITION BY customer) AS start
    FROM days
),
dated AS (
    SELECT customer, day, net, bought, horizon, discount_rate, observed_until,
           coalesce(cutoff, start + days_after_first) AS cutoff
    FROM rfm_parameters CROSS JOIN aged
),
summed AS (
    SELECT customer, cutoff,
           cutoff + max(horizon) > coalesce(max(observed_until), max(max(day)) OVER ()) AS censored,
           min(CASE WHEN day <= cutoff AND bought THEN day END) AS first_purchase,
           max(CASE WHEN day <= cutoff AND bought THEN day END) AS last_purchase,
           count(CASE WHEN day <= cutoff AND bought THEN day END) AS frequency,
           sum(CASE WHEN day <= cutoff THEN net ELSE 0 END) AS spend,
           sum(CASE WHEN cutoff - day BETWEEN 0 AND 29 THEN net ELSE 0 END) AS spend_30d,
           sum(CASE WHEN cutoff - day BETWEEN 0 AND 89 THEN net ELSE 0 END) AS spend_90d,
           sum(CASE WHEN day - cutoff BETWEEN 1 AND horizon
                    THEN CAST(CAST(net AS DOUBLE) * power(1 + discount_rate, (cutoff - day) / 365.0) AS DECIMAL(38, 8))
                    ELSE 0 END) AS ltv
    FROM dated
    GROUP BY customer, cutoff
),
rounded AS (
    SELECT customer, cutoff, censored, first_purchase, last_purchase, frequency,
           CAST(CAST(spend AS DECIMAL(38, 2)) AS DOUBLE) AS spend,
           CAST(CAST(spend_30d AS DECIMAL(38, 2)) AS DOUBLE) AS spend_30d,
           CAST(CAST(spend_90d AS DECIMAL(38, 2)) AS DOUBLE) AS spend_90d,
           CAST(CAST(ltv AS DECIMAL(38, 2)) AS DOUBLE) AS ltv
    FROM summed
    WHERE frequency > 0
)
SELECT customer,
       first_purchase AS first_day,                      -- first purchase day
       cutoff - last_purchase AS recency,                -- days from the last purchase day to the cutoff
       frequency,                                        -- number of purchase days
       spend / frequency AS monetary,                    -- mean spend a purchase day
       cutoff - first_purchase AS tenure,                -- days from the first purchase day to the cutoff
       CASE WHEN frequency > 1                           -- mean days between purchase days
            THEN CAST(last_purchase - first_purchase AS DOUBLE) / (frequency - 1) END AS interpurchase_time,
       spend, spend_30d, spend_90d,                      -- net amounts up to the cutoff
       ltv,                                              -- the label: net amount in the horizon
       censored                                          -- whether the data end before the horizon does
FROM rounded
ORDER BY customer;

COPY (SELECT * FROM customers ORDER BY customer) TO 'output/rfm.parquet';

SELECT count(*) AS customers, min(first_day) AS first_day, round(avg(recency), 1) AS recency,
       round(avg(frequency), 2) AS frequency, round(avg(monetary), 2) AS monetary, round(avg(ltv), 2) AS ltv,
       count(*) FILTER (WHERE censored) AS censored
FROM customers;
