-- Lifetime value of the customers of CDNOW, an online music shop, in SQL.
--
--   make demo                       sets everything up and runs this
--   ziln -q -f sql/cdnow.sql        runs it again (from the root of the repository)
--   make cluster                    runs it on two workers (docs/cluster.md)
--
-- Input:   data/cdnow.parquet, 69,659 purchases (scripts/cdnow_to_parquet.py writes it).
-- Output:  a report on the terminal, and in output/ the customers, the models and the scored customers.
--
-- The customers bought for the first time in January, February or March 1997. From what each of
-- them did in the first 39 weeks (to 1997-09-30) we predict what they spend in the next 39 weeks.

CREATE OR REPLACE EXTERNAL TABLE purchases STORED AS PARQUET LOCATION 'data/cdnow.parquet';

SELECT 'Predict what customers spend from 1997-10-01 to 1998-06-30 by what they did before.'
    AS "CDNOW";

SELECT count(*) AS purchases, count(DISTINCT id) AS customers,
       min(date) AS first_day, max(date) AS last_day, round(sum(amount))::BIGINT AS dollars
FROM purchases;


SELECT 'One row a customer: features from the first 39 weeks, label = spend in the next 39.'
    AS "1. Purchases become customers";

-- Amounts are rounded to cents after each sum: floating-point addition depends on the order of the
-- rows, and the order on the number of threads.
CREATE OR REPLACE VIEW visits AS
SELECT id, date, round(sum(amount), 2) AS amount
FROM purchases
GROUP BY id, date;

CREATE OR REPLACE VIEW past AS
SELECT id,
       min(date) AS first_day,
       max(date) AS last_day,
       count(*) AS visits,
       round(sum(amount), 2) AS spend,
       round(sum(CASE WHEN date > '1997-06-30' THEN amount ELSE 0 END), 2) AS recent_spend
FROM visits
WHERE date <= '1997-09-30'
GROUP BY id;

CREATE OR REPLACE VIEW future AS
SELECT id, round(sum(amount), 2) AS spend
FROM visits
WHERE date > '1997-09-30'
GROUP BY id;

-- Spend and counts are skewed, so their logarithms make better features. A struct holds the
-- features; models match them by name. The hash of the id puts 7 customers in 10 into training.
-- They go through a file, which the machines of a cluster read, too.
COPY (
    SELECT id,
           to_char(first_day, '%Y-%m') AS cohort,
           md5(CAST(id AS VARCHAR)) < 'b3' AS training,
           past.spend AS past_spend,
           coalesce(future.spend, 0) AS ltv,
           {
               recency: date '1997-09-30' - last_day,
               frequency: ln(visits),
               monetary: ln(1 + past.spend / visits),
               recent_spend: ln(1 + recent_spend),
               tenure: date '1997-09-30' - first_day
           } AS features
    FROM past LEFT JOIN future USING (id)
) TO 'output/cdnow_customers.parquet';

CREATE OR REPLACE EXTERNAL TABLE customers
STORED AS PARQUET LOCATION 'output/cdnow_customers.parquet';

SELECT cohort,
       count(*) AS customers,
       count(*) FILTER (WHERE training) AS training,
       round(avg(CASE WHEN ltv > 0 THEN 100 ELSE 0 END), 1) AS percent_payers,
       round(avg(ltv), 2) AS mean_ltv,
       round(max(ltv))::BIGINT AS highest_ltv
FROM customers
GROUP BY cohort
ORDER BY cohort;


SELECT 'A GROUP BY trains a model a cohort, and one is for everybody. Models are text: a file of 5.'
    AS "2. Training";

-- Without any pass over the rows a model stays where training starts: the same for every customer.

COPY (
    SELECT cohort, ziln_fit_sgd(ltv, features) AS model
    FROM customers
    WHERE training
    GROUP BY cohort
    UNION ALL
    SELECT 'global', ziln_fit_sgd(ltv, features)
    FROM customers
    WHERE training
    UNION ALL
    SELECT 'baseline', ziln_fit_sgd(ltv, features, {epochs: 0})
    FROM customers
    WHERE training
) TO 'output/cdnow_models.parquet';

-- From here on the models come from the file, as they would next month in another program.
CREATE OR REPLACE EXTERNAL TABLE models
STORED AS PARQUET LOCATION 'output/cdnow_models.parquet';

WITH trained AS (
    SELECT cohort, ziln_model_info(model) AS info FROM models
)
SELECT cohort AS model, info['rows'] AS rows, info['payers'] AS payers, info['epochs_run'] AS epochs,
       round(info['train_loss'], 4) AS training_loss
FROM trained
ORDER BY model;

-- What a person should look at before trusting a model; no row where there is nothing.
SELECT cohort AS model, unnest(ziln_model_info(model)['warnings']) AS warning
FROM models
ORDER BY model, warning;


SELECT 'Test customers, whom no model has seen, are joined with the models, scored and written.'
    AS "3. Scoring";

CREATE OR REPLACE VIEW scored AS
SELECT c.id, c.cohort, c.past_spend, c.ltv,
       ziln_predict(own.model, c.features) AS params,
       ziln_predict(everybody.model, c.features) AS global_params,
       ziln_predict(nobody.model, c.features) AS baseline_params
FROM customers c
JOIN models own ON own.cohort = c.cohort
JOIN models everybody ON everybody.cohort = 'global'
JOIN models nobody ON nobody.cohort = 'baseline'
WHERE NOT c.training;

COPY (
    SELECT id, cohort, ltv, ziln_expected_ltv(global_params) AS predicted_ltv, global_params AS params
    FROM scored
) TO 'output/cdnow_scored.parquet';

SELECT cohort,
       count(*) AS customers,
       count(*) FILTER (WHERE ltv > 0) AS payers,
       round(sum(ltv))::BIGINT AS actual_ltv,
       round(sum(ziln_expected_ltv(params)))::BIGINT AS predicted_ltv,
       round(avg(ziln_loss(ltv, params)), 4) AS loss,
       round(avg(ziln_loss(ltv, baseline_params)), 4) AS baseline_loss
FROM scored
GROUP BY cohort
ORDER BY cohort;


SELECT 'Lower loss is better. Gini: 1 for a perfect ranking of customers, 0 for none.'
    AS "4. Which model is best?";

WITH compared AS (
    SELECT 'global' AS model, ziln_evaluate(ltv, global_params) AS e FROM scored
    UNION ALL
    SELECT 'one a cohort', ziln_evaluate(ltv, params) FROM scored
    UNION ALL
    SELECT 'baseline', ziln_evaluate(ltv, baseline_params) FROM scored
)
SELECT model,
       round(e['loss'], 4) AS loss,
       round(e['normalized_gini'], 3) AS gini,
       round(e['spearman'], 3) AS spearman,
       round(e['label_mean'], 2) AS actual_mean,
       round(e['prediction_mean'], 2) AS predicted_mean,
       round(e['prediction_ratio'], 3) AS ratio
FROM compared
ORDER BY loss;

SELECT 'Customers in ten groups of equal size by prediction (10 = best): is the level right too?'
    AS "5. Calibration of the global model";

WITH deciles AS (
    SELECT unnest(ziln_decile_stats(ltv, ziln_expected_ltv(global_params))) AS d FROM scored
)
SELECT d['bucket'] AS bucket,
       d['rows'] AS customers,
       round(d['label_mean'], 2) AS actual_mean,
       round(d['prediction_mean'], 2) AS predicted_mean
FROM deciles
ORDER BY bucket DESC;


SELECT 'The global model: chance to buy again, expected spend, and what came.'
    AS "6. The ten best customers";

SELECT id, cohort, round(past_spend, 2) AS past_spend,
       round(100 * ziln_pay_prob(global_params))::BIGINT AS pay_percent,
       round(ziln_expected_ltv(global_params), 2) AS predicted_ltv,
       round(ltv, 2) AS actual_ltv
FROM scored
ORDER BY ziln_expected_ltv(global_params) DESC, id
LIMIT 10;


SELECT column1 AS "What to try next", column2 AS "how" FROM (VALUES
    ('a shell for this', '.venv/bin/ziln'),
    ('all the functions', 'SELECT routine_name FROM information_schema.routines WHERE routine_name LIKE ''ziln%'''),
    ('what a model learnt', 'SELECT unnest(ziln_weights(model)) AS w FROM ''output/cdnow_models.parquet'''),
    ('a customer''s range', 'SELECT id, ziln_quantile(0.9, params) FROM ''output/cdnow_scored.parquet'''),
    ('smaller campaigns', 'in sql/cdnow.sql, %Y-%m becomes %Y-%m-%d: a model for every first day'),
    ('other options', 'ziln_fit_sgd(ltv, features, {epochs: 5}); a typo is an error that lists them all'),
    ('your own data', 'docs/recipes.md: fallback models, ranges of totals, bids, nightly scoring')
);
