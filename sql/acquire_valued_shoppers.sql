-- The experiment of "A Deep Probabilistic Model for Customer Lifetime Value Prediction"
-- (Wang, Liu, Miao 2019, arXiv 1912.07753, section 5.1), linear ZILN models, in SQL:
-- twenty companies, one model each, from raw transactions to the paper's three tables.
--
--   ziln -q -f sql/acquire_valued_shoppers.sql      from the root of the repository
--
-- Input:   data/transactions.csv from https://www.kaggle.com/c/acquire-valued-shoppers-challenge
--          (350 million rows; the file takes a Kaggle account), or a small made-up one:
--          python scripts/make_shoppers_sample.py data/transactions.csv
-- Output:  a report on the terminal; in output/ the purchases of the twenty companies, one row a
--          customer, and the models.

CREATE OR REPLACE EXTERNAL TABLE transactions (
    id BIGINT,
    chain VARCHAR,
    dept VARCHAR,
    category VARCHAR,
    company VARCHAR,
    brand VARCHAR,
    date DATE,
    productsize DOUBLE,
    productmeasure VARCHAR,
    purchasequantity BIGINT,
    purchaseamount DOUBLE
)
STORED AS CSV LOCATION 'data/transactions.csv' OPTIONS ('format.has_header' 'true');

SELECT 'Predict what new customers of twenty companies spend in their first year after day one.'
    AS "Acquire Valued Shoppers";


SELECT 'The big file is read once: purchases (not returns) of the twenty largest companies.'
    AS "1. Purchases";

COPY (
    SELECT company, id, date, chain, dept, category, brand, productmeasure, purchaseamount AS amount
    FROM transactions
    WHERE purchaseamount > 0
      AND company IN (
          '10000', '101200010', '101410010', '101600010', '102100020', '102700020', '102840020',
          '103000030', '103338333', '103400030', '103600030', '103700030', '103800030',
          '104300040', '104400040', '104470040', '104900040', '105100050', '105150050', '107800070'
      )
) TO 'output/shoppers_purchases.parquet';

CREATE OR REPLACE EXTERNAL TABLE purchases
STORED AS PARQUET LOCATION 'output/shoppers_purchases.parquet';

SELECT count(*) AS purchases, count(DISTINCT id) AS customers, count(DISTINCT company) AS companies,
       min(date) AS first_day, max(date) AS last_day
FROM purchases;


SELECT 'Features: what was bought on day one. Label: spend in the 365 days after.'
    AS "2. Customers";

-- The last line keeps the paper's cohort, whose year of spend lies within the data. Without it a
-- customer counts who started too late for that, as in the authors' notebooks.
CREATE OR REPLACE VIEW starts AS
SELECT company, id, min(date) AS start_date
FROM purchases
GROUP BY company, id
HAVING min(date) BETWEEN '2012-03-01' AND '2012-07-01';

CREATE OR REPLACE VIEW spend AS
SELECT p.company, p.id,
       round(sum(amount) FILTER (WHERE date = start_date), 2) AS first_amount,
       round(coalesce(sum(amount) FILTER (
           WHERE date > start_date AND date <= start_date + INTERVAL '365 days'), 0), 2) AS ltv
FROM purchases p
JOIN starts s ON s.company = p.company AND s.id = p.id
GROUP BY p.company, p.id;

-- The dearest item of day one; the columns after the amount decide ties.
CREATE OR REPLACE VIEW first_items AS
SELECT company, id, chain, dept, category, brand, productmeasure
FROM (
    SELECT p.*,
           row_number() OVER (
               PARTITION BY p.company, p.id
               ORDER BY amount DESC, chain, dept, category, brand, productmeasure
           ) AS place
    FROM purchases p
    JOIN starts s ON s.company = p.company AND s.id = p.id AND s.start_date = p.date
) AS ranked
WHERE place = 1;

-- The hash of company and customer puts four customers in five into training.
COPY (
    SELECT spend.company, spend.id, first_amount, ltv,
           md5(concat(spend.company, ' ', spend.id)) < 'cd' AS training,
           {
               log_first_amount: ln(first_amount),
               chain: chain,
               dept: dept,
               category: category,
               brand: brand,
               productmeasure: coalesce(productmeasure, 'UNKNOWN')
           } AS features
    FROM spend
    JOIN first_items ON first_items.company = spend.company AND first_items.id = spend.id
) TO 'output/shoppers_customers.parquet';

CREATE OR REPLACE EXTERNAL TABLE customers
STORED AS PARQUET LOCATION 'output/shoppers_customers.parquet';

SELECT company,
       count(*) AS customers,
       round(avg(CASE WHEN ltv > 0 THEN 100 ELSE 0 END), 1) AS percent_returning,
       round(avg(first_amount), 2) AS mean_day_one,
       round(avg(ltv), 2) AS mean_ltv
FROM customers
GROUP BY company
ORDER BY customers DESC, company;


SELECT 'Twenty linear ZILN models by one GROUP BY; test customers are scored by a join.'
    AS "3. Training and scoring";

CREATE OR REPLACE TABLE models AS
SELECT company, ziln_fit_sgd(ltv, features) AS model
FROM customers
WHERE training
GROUP BY company;

COPY models TO 'output/shoppers_models.parquet';

CREATE OR REPLACE TABLE evaluated AS
SELECT c.company,
       ziln_evaluate(c.ltv, ziln_predict(m.model, c.features)) AS ziln,
       ziln_spearman(c.ltv, c.first_amount) AS day_one_spearman,
       ziln_gini(c.ltv, c.first_amount) AS day_one_gini
FROM customers c
JOIN models m ON m.company = c.company
WHERE NOT c.training
GROUP BY c.company;

SELECT count(*) AS models, sum(ziln['rows']) AS test_customers, sum(ziln['payers']) AS test_payers
FROM evaluated;


SELECT 'Rank correlation of predicted and actual value (beside it: ranking by the first purchase).'
    AS "4. Spearman, higher is better";

SELECT company, round(ziln['spearman'], 4) AS ziln, round(day_one_spearman, 4) AS first_purchase
FROM evaluated
ORDER BY company;

SELECT 'The share of what a perfect ranking of customers would gain.'
    AS "5. Normalised Gini, higher is better";

SELECT company, round(ziln['normalized_gini'], 4) AS ziln, round(day_one_gini, 4) AS first_purchase
FROM evaluated
ORDER BY company;

SELECT 'How far the mean prediction of a tenth of the customers is from their mean value.'
    AS "6. Decile MAPE, lower is better";

SELECT company, round(ziln['decile_mape'], 4) AS ziln
FROM evaluated
ORDER BY company;


SELECT column1 AS "What to try next", column2 AS "how" FROM (VALUES
    ('the real data', 'put Kaggle''s transactions.csv into data/ and run this again'),
    ('deciles of a company', 'ziln_decile_stats(ltv, ziln_expected_ltv(params)): see sql/rand_hie.sql'),
    ('rare brands', 'ziln_fit_sgd(ltv, features, {l2: 0.01}): a stronger penalty')
);
