-- name: strategy_names
SELECT name FROM strategies ORDER BY name;

-- name: mark_deployed
UPDATE strategies
SET status = 'deployed', updated_at = now()
WHERE name = any(%(names)s) AND status <> 'deployed';

-- name: findings
-- Of each strategy that was run: what the leaderboard says, and its reasons with their counts, the most frequent first.
SELECT
    led.strategy,
    led.status,
    led.optimization_run_id AS run,
    led.evidence,
    led.best_meets_criteria AS passes,
    led.walk_forward_passed,
    led.best_sharpe,
    led.out_of_sample_sharpe,
    led.annual_return,
    led.excess_return,
    led.max_drawdown,
    led.total_trades,
    led.fee_pct,
    led.best_parameters,
    led.combinations,
    led.passed,
    led.failed,
    led.note,
    reasons.list AS reasons
FROM strategy_leaderboard AS led
LEFT JOIN (
    SELECT strategy, array_agg(reason || ': ' || backtests ORDER BY backtests DESC, reason) AS list
    FROM rejection_summary
    GROUP BY strategy
) AS reasons ON reasons.strategy = led.strategy
ORDER BY led.strategy;
