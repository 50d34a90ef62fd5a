-- Exact models over any number of rows, one a campaign, in one statement: each round of the recursion is a pass.
--
--   ziln -q -f sql/passes.sql       in a folder with customers.parquet: campaign, recency, channel, weight, ltv
--
-- A pass holds sums of a size that the rows do not change, and reads all rows of the campaigns that have not converged.
-- The join holds the table on its left, which has to be that of the models. docs/scale.md says what a start and a step do.

CREATE TABLE trained AS
WITH RECURSIVE passes AS (
    SELECT campaign, 0 AS pass,
           ziln_newton_start(ltv, {recency: recency, channel: channel}, weight, {max_rows: 40}) AS model
    FROM 'customers.parquet' GROUP BY campaign
    UNION ALL
    SELECT c.campaign, p.pass + 1, ziln_newton_step(c.ltv, {recency: c.recency, channel: c.channel}, p.model, c.weight)
    FROM passes AS p JOIN 'customers.parquet' AS c ON c.campaign = p.campaign
    WHERE p.pass < 20 AND ziln_model_info(p.model)['stop_reason'] = 'unfinished'
    GROUP BY c.campaign, p.pass
)
SELECT campaign, first_value(model ORDER BY pass DESC) AS model FROM passes GROUP BY campaign;

SELECT campaign, ziln_model_info(model)['stop_reason'] AS stop_reason, ziln_model_info(model)['epochs_run'] AS passes
FROM trained ORDER BY campaign;
