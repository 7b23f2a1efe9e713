CREATE VIEW weekly_throughput AS
SELECT
    date_trunc('week', coalesce(runs.completed_at, runs.started_at) AT TIME ZONE 'UTC')::date AS week,
    100 AS target,
    sum(runs.completed_combinations - runs.reused_combinations) AS variations,
    round(sum(runs.completed_combinations - runs.reused_combinations) / 100.0, 2) AS share_of_target,
    sum(runs.completed_combinations + runs.failed_combinations - runs.reused_combinations) AS backtests,
    sum(runs.failed_combinations) AS failed,
    sum(runs.reused_combinations) AS reused,
    sum(runs.passed_combinations) AS passed,
    count(*) FILTER (WHERE runs.status <> 'refused') AS runs,
    count(*) FILTER (WHERE runs.status = 'refused') AS refused,
    count(DISTINCT runs.strategy_id) FILTER (WHERE runs.status <> 'refused') AS strategies,
    round(sum(runs.computing_seconds) / 3600, 2) AS computing_hours,
    round(
        sum(runs.computing_seconds)
        / nullif(sum(runs.completed_combinations + runs.failed_combinations - runs.reused_combinations), 0),
        1
    ) AS seconds_each
FROM optimization_runs AS runs
GROUP BY week;

COMMENT ON VIEW weekly_throughput IS
    'What did this week cost, and how far is it from the target of 100 variations? A line for each week with a run';
COMMENT ON COLUMN weekly_throughput.week IS 'Monday of the week in which the runs ended, or began while they run, UTC';
COMMENT ON COLUMN weekly_throughput.target IS 'Variations a week that are wanted';
COMMENT ON COLUMN weekly_throughput.variations IS
    'Combinations that the week''s runs computed to their end; one that two runs computed counts twice';
COMMENT ON COLUMN weekly_throughput.share_of_target IS 'variations / target, a fraction';
COMMENT ON COLUMN weekly_throughput.backtests IS 'variations and those that failed';
COMMENT ON COLUMN weekly_throughput.failed IS 'Combinations that failed';
COMMENT ON COLUMN weekly_throughput.reused IS 'Combinations taken from earlier runs, which cost nothing';
COMMENT ON COLUMN weekly_throughput.passed IS 'Combinations of the runs that met the criteria, reused ones included';
COMMENT ON COLUMN weekly_throughput.runs IS 'Runs, refused ones left out';
COMMENT ON COLUMN weekly_throughput.refused IS 'Runs that never began, for their estimated fees';
COMMENT ON COLUMN weekly_throughput.strategies IS 'Strategies tested';
COMMENT ON COLUMN weekly_throughput.computing_hours IS
    'Hours that backtests took, added up, so that two at a time for an hour are two; of runs that have ended';
COMMENT ON COLUMN weekly_throughput.seconds_each IS 'computing_hours in seconds / backtests';
