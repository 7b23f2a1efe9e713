-- The database as it is now; each part is a file of db_schema/, and what others need goes first.
-- Every statement may run again: it creates what is missing and renews functions, triggers, views and comments.
-- A change to an existing table is a file in db_migrations/, which runs before this one on an older database.
-- Ratios and rates are fractions (0.15 is 15 %), money is dollars, times are UTC.

\ir db_schema/functions.sql
\ir db_schema/tables.sql
\ir db_schema/comments.sql
\ir db_schema/views/latest_results.sql
\ir db_schema/triggers.sql
\ir db_schema/figures.sql
\ir db_schema/standings.sql

DROP VIEW IF EXISTS strategy_leaderboard, daily_summary, parameter_performance, fee_analysis, rejection_summary,
    walk_forward_summary, walk_forward_windows_view, luck, trials_per_strategy, combination_leaderboard,
    weekly_throughput, parameter_heatmap, run_health, strategy_history, next_steps, near_misses, luck_of_runs;

\ir db_schema/views/strategy_leaderboard.sql
\ir db_schema/views/combination_leaderboard.sql
\ir db_schema/views/luck.sql
\ir db_schema/views/luck_of_runs.sql
\ir db_schema/views/trials_per_strategy.sql
\ir db_schema/views/daily_summary.sql
\ir db_schema/views/weekly_throughput.sql
\ir db_schema/views/parameter_performance.sql
\ir db_schema/views/parameter_heatmap.sql
\ir db_schema/views/fee_analysis.sql
\ir db_schema/views/rejection_summary.sql
\ir db_schema/views/walk_forward_summary.sql
\ir db_schema/views/walk_forward_windows_view.sql
\ir db_schema/views/near_misses.sql
\ir db_schema/views/run_health.sql
\ir db_schema/views/strategy_history.sql
\ir db_schema/views/next_steps.sql

SELECT keep_standing(id)
FROM strategies
WHERE NOT EXISTS (SELECT FROM strategy_standings WHERE strategy_id = strategies.id);

\ir db_schema/grants.sql
