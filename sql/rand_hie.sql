-- Medical spend in the RAND Health Insurance Experiment, in SQL.
--
--   ziln -q -f sql/rand_hie.sql     from the root of the repository
--
-- Input:   data/rand_hie.parquet, 20,190 person-years (scripts/rand_hie_to_parquet.py writes it).
-- Output:  a report on the terminal, and the models in output/rand_hie_models.parquet.
--
-- People were given insurance plans by lot. From who they are and which plan they have we predict
-- what they spend in a year on drugs, on supplies and on medical care altogether. Columns that the
-- year itself writes (visits, admissions, other spend) are outcomes and never features.

CREATE OR REPLACE EXTERNAL TABLE rand_hie STORED AS PARQUET LOCATION 'data/rand_hie.parquet';

SELECT 'Predict a year''s spend from age, health, income, plan and site.'
    AS "RAND Health Insurance Experiment";

-- A person is in the experiment for up to five years: the hash of the person, not of the row, decides
-- between training and test, so that no model is tested on people it knows.
CREATE OR REPLACE VIEW person_years AS
SELECT zper AS person,
       year,
       coins AS coinsurance,
       md5(CAST(zper AS VARCHAR)) < 'b3' AS training,
       drugdol, suppdol, meddol,
       {
           year: year,
           age: xage,
           age_squared: (xage - 25) * (xage - 25),
           female: female,
           woman: female * (1 - child),
           child: child,
           income: ln(1 + income),
           education: educdec,
           family_size: num,
           mental_health: mhi,
           chronic_diseases: disea,
           physical_limit: physlm,
           health_index: ghindx,
           plan: CAST(plan AS VARCHAR),
           site: CAST(site AS VARCHAR)
       } AS features
FROM rand_hie;

-- One row a person, year and kind of spend: a model a kind is then a GROUP BY.
CREATE OR REPLACE TABLE spend AS
SELECT 'drugs' AS kind, drugdol AS label, person, year, coinsurance, training, features
FROM person_years
UNION ALL
SELECT 'supplies', suppdol, person, year, coinsurance, training, features
FROM person_years
UNION ALL
SELECT 'medical', meddol, person, year, coinsurance, training, features
FROM person_years;

SELECT kind,
       count(*) AS person_years,
       count(*) FILTER (WHERE training) AS training,
       round(avg(CASE WHEN label > 0 THEN 100 ELSE 0 END), 1) AS percent_payers,
       round(avg(label), 2) AS mean,
       round(median(label), 2) AS median,
       round(max(label))::BIGINT AS highest
FROM spend
GROUP BY kind
ORDER BY kind;


SELECT 'One query, three models. Their baselines, trained for no epoch, ignore the features.'
    AS "1. Training";

CREATE OR REPLACE TABLE models AS
SELECT kind,
       ziln_fit_sgd(label, features) AS model,
       ziln_fit_sgd(label, features, {epochs: 0}) AS baseline
FROM spend
WHERE training
GROUP BY kind;

COPY models TO 'output/rand_hie_models.parquet';

CREATE OR REPLACE TABLE scored AS
SELECT s.kind, s.label, s.person, s.year, s.coinsurance,
       ziln_predict(m.model, s.features) AS params,
       ziln_predict(m.baseline, s.features) AS baseline_params
FROM spend s
JOIN models m ON m.kind = s.kind
WHERE NOT s.training;


SELECT 'People no model has seen. coverage_80: 0.9 is right for ranges that start at 0.'
    AS "2. How good are they?";

WITH evaluated AS (
    SELECT kind,
           ziln_evaluate(label, params) AS e,
           avg(ziln_loss(label, baseline_params)) AS baseline_loss
    FROM scored
    GROUP BY kind
)
SELECT kind,
       e['rows'] AS person_years,
       round(e['loss'], 4) AS loss,
       round(baseline_loss, 4) AS baseline_loss,
       round(e['normalized_gini'], 3) AS gini,
       round(e['spearman'], 3) AS spearman,
       round(e['decile_mape'], 3) AS decile_mape,
       round(e['prediction_ratio'], 3) AS ratio,
       round(e['coverage_80'], 3) AS coverage_80
FROM evaluated
ORDER BY kind;


SELECT 'Ten groups of equal size, by predicted spend on drugs (10 = highest).'
    AS "3. Calibration";

WITH deciles AS (
    SELECT unnest(ziln_decile_stats(label, ziln_expected_ltv(params))) AS d
    FROM scored
    WHERE kind = 'drugs'
)
SELECT d['bucket'] AS bucket,
       d['rows'] AS person_years,
       round(d['label_mean'], 2) AS actual_mean,
       round(d['prediction_mean'], 2) AS predicted_mean
FROM deciles
ORDER BY bucket DESC;

SELECT 'Coinsurance is the percentage of the bill that people pay themselves; 0 is free care.'
    AS "4. What free care costs";

SELECT coinsurance,
       count(DISTINCT person) AS people,
       round(avg(label) FILTER (WHERE kind = 'drugs'), 2) AS drugs_actual,
       round(avg(ziln_expected_ltv(params)) FILTER (WHERE kind = 'drugs'), 2) AS drugs_predicted,
       round(avg(label) FILTER (WHERE kind = 'medical'), 2) AS medical_actual,
       round(avg(ziln_expected_ltv(params)) FILTER (WHERE kind = 'medical'), 2) AS medical_predicted
FROM scored
GROUP BY coinsurance
ORDER BY coinsurance;


SELECT 'Change of the log-odds to buy drugs at all, a standard deviation of the feature.'
    AS "5. What drives spend on drugs";

WITH weights AS (
    SELECT unnest(ziln_weights(model)) AS w FROM models WHERE kind = 'drugs'
)
SELECT w['feature'] AS feature, round(w['weight'], 3) AS weight
FROM weights
WHERE w['head'] = 'logit' AND w['feature'] IS NOT NULL AND w['feature'] NOT IN ('plan', 'site')
ORDER BY abs(w['weight']) DESC
LIMIT 8;


SELECT column1 AS "What to try next", column2 AS "how" FROM (VALUES
    ('beside least squares', 'docs/report-rand-hie.md, made by scripts/report.py'),
    ('what amounts depend on', 'in the last query, ''mu'' for ''logit'''),
    ('a plan of your own', 'score everybody with plan: ''11'' (free care) and compare with plan: ''15''')
);
