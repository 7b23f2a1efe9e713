COMMENT ON TABLE strategies IS 'Trading strategies; one row each';
COMMENT ON COLUMN strategies.id IS 'Number of the strategy';
COMMENT ON COLUMN strategies.name IS 'Unique name, as in the config';
COMMENT ON COLUMN strategies.category IS
    'mean_reversion, momentum, volatility, futures, hybrid or event_based';
COMMENT ON COLUMN strategies.asset_class IS 'etf, equity, futures, forex, crypto or etf_pairs';
COMMENT ON COLUMN strategies.lean_project_path IS 'Folder of the LEAN project below the lean workspace';
COMMENT ON COLUMN strategies.description IS 'What the strategy does';
COMMENT ON COLUMN strategies.hypothesis IS 'Why it should make money';
COMMENT ON COLUMN strategies.status IS
    'planned, testing, rejected, passed: kept by a trigger from the results; deployed: set by hand, never touched';
COMMENT ON COLUMN strategies.priority IS 'HIGH, MEDIUM or LOW';
COMMENT ON COLUMN strategies.luck_signs IS
    'Of all results that the figures of luck were computed of, and of the code that did';
COMMENT ON COLUMN strategies.created_at IS 'When the row was made, UTC';
COMMENT ON COLUMN strategies.updated_at IS 'When the row last changed, UTC';

COMMENT ON TABLE optimization_batches IS 'Batches: optimizations that were run together';
COMMENT ON COLUMN optimization_batches.id IS 'Number of the batch';
COMMENT ON COLUMN optimization_batches.name IS 'batch_name of the file';
COMMENT ON COLUMN optimization_batches.description IS 'What the batch is for';
COMMENT ON COLUMN optimization_batches.batch_file IS 'Absolute path of the batch''s file';
COMMENT ON COLUMN optimization_batches.status IS 'running, completed, partial, failed or interrupted';
COMMENT ON COLUMN optimization_batches.total_configs IS 'Configs that the batch lists';
COMMENT ON COLUMN optimization_batches.started_at IS 'When the batch began, UTC';
COMMENT ON COLUMN optimization_batches.completed_at IS 'When the batch ended, UTC';

COMMENT ON TABLE batch_configs IS
    'Configs of a batch that never ran, each with the reason; those that did have a row in optimization_runs';
COMMENT ON COLUMN batch_configs.batch_id IS 'The batch';
COMMENT ON COLUMN batch_configs.config_file IS 'Absolute path of the config';
COMMENT ON COLUMN batch_configs.status IS
    'broken: the config cannot be read; refused: by its fees or the look before the run; not started: its turn never came';
COMMENT ON COLUMN batch_configs.reason IS 'Why it never ran';
COMMENT ON COLUMN batch_configs.created_at IS 'When the row was made, UTC';

COMMENT ON TABLE optimization_runs IS
    'Optimizations: one row for each time `lean optimize` was run for a config, or was refused for its fees';
COMMENT ON COLUMN optimization_runs.id IS 'Number of the run';
COMMENT ON COLUMN optimization_runs.run_uuid IS
    'Identity of the run, from its folder, so that importing it again finds the same row';
COMMENT ON COLUMN optimization_runs.strategy_id IS 'The strategy that was tested';
COMMENT ON COLUMN optimization_runs.batch_id IS 'The batch it was part of, if any';
COMMENT ON COLUMN optimization_runs.config_file IS 'Path of the config as it was given';
COMMENT ON COLUMN optimization_runs.optimization_type IS
    'Grid Search, Euler Search, or Backtest for the output of `lean backtest`';
COMMENT ON COLUMN optimization_runs.target_metric IS 'What was optimised, as the config or LEAN names it';
COMMENT ON COLUMN optimization_runs.target_direction IS 'max or min';
COMMENT ON COLUMN optimization_runs.total_combinations IS
    'Distinct combinations of the search; NULL while an Euler search does not know them yet';
COMMENT ON COLUMN optimization_runs.completed_combinations IS
    'Distinct combinations whose backtest ran to its end; kept by a trigger';
COMMENT ON COLUMN optimization_runs.failed_combinations IS
    'Distinct combinations whose backtest failed and which no other backtest completed; kept by a trigger';
COMMENT ON COLUMN optimization_runs.passed_combinations IS
    'Distinct combinations that meet the success criteria; kept by a trigger';
COMMENT ON COLUMN optimization_runs.reused_combinations IS
    'Combinations taken from earlier runs of the same code, dates, capital, prices and engine; kept by a trigger';
COMMENT ON COLUMN optimization_runs.distinct_trials IS
    'Distinct results of the completed combinations, identical ones counted once; kept by a trigger';
COMMENT ON COLUMN optimization_runs.trials IS
    'Distinct combinations ever tried for the strategy over all of its runs, dates apart, the same returns once';
COMMENT ON COLUMN optimization_runs.independent_trials IS
    'How many independent trials these correlated ones amount to, (sum of eigenvalues)^2 / sum of squares';
COMMENT ON COLUMN optimization_runs.expected_best_sharpe IS
    'Annual daily_sharpe_ratio that luck alone gives the best of so many trials';
COMMENT ON COLUMN optimization_runs.min_backtest_years IS
    'Years below which luck alone gives so many trials an annual Sharpe ratio of 1';
COMMENT ON COLUMN optimization_runs.luck_signs IS
    'Of the run''s results that its figures of luck were computed of, and of the code that did: while these stay the '
    'same, as those of its strategy, they are not computed again';
COMMENT ON COLUMN optimization_runs.pbo IS
    'Probability of backtest overfitting, a fraction; NULL below a dozen combinations that differ or 80 days';
COMMENT ON COLUMN optimization_runs.pbo_loss IS
    'Share of its splits in which the best in-sample loses out of sample, a fraction';
COMMENT ON COLUMN optimization_runs.pbo_degradation IS
    'Slope of the out-of-sample Sharpe ratio of the best on its in-sample one';
COMMENT ON COLUMN optimization_runs.pbo_logits IS
    'Its splits by the logit of the best''s out-of-sample rank: below -5, in steps of 1, from 5';
COMMENT ON COLUMN optimization_runs.status IS
    'pending, running, completed, partial, failed, interrupted, or refused: never begun, for its estimated fees';
COMMENT ON COLUMN optimization_runs.error_message IS 'Why the run is partial, failed or refused';
COMMENT ON COLUMN optimization_runs.import_problems IS 'Files of the run that could not be imported, each with the reason';
COMMENT ON COLUMN optimization_runs.warnings IS
    'What is suspicious about the results: parameters without effect, twins, other dates than requested, no trades, '
    'no prices of some tickers, an optimum of LEAN''s that does not pass, more than twice the estimated fees';
COMMENT ON COLUMN optimization_runs.lean_best_backtest_id IS
    'LEAN''s own optimum (backtest_id): by target and constraints alone, so it may have crashed or never traded';
COMMENT ON COLUMN optimization_runs.best_backtest_id IS
    'The backtest that passes with the best target_value (backtest_id); NULL where none passes';
COMMENT ON COLUMN optimization_runs.estimated_orders IS
    'Orders that a backtest was expected to submit; NULL where nothing could be estimated, as in what follows';
COMMENT ON COLUMN optimization_runs.estimated_fees IS 'Fees that a backtest was expected to pay over the period, dollars';
COMMENT ON COLUMN optimization_runs.estimated_fee_pct IS 'estimated_fees as a fraction of the starting capital';
COMMENT ON COLUMN optimization_runs.estimated_annual_fee_pct IS 'estimated_fee_pct a year, a fraction';
COMMENT ON COLUMN optimization_runs.fee_model IS
    'What the estimate took for the fee of an order: lean, ib_fixed, ib_tiered, ib_lite, per_trade, or earlier_runs for what they paid';
COMMENT ON COLUMN optimization_runs.config IS 'The config that judged the run last; secrets in it are masked';
COMMENT ON COLUMN optimization_runs.command IS 'The commands as they were run, shell-quoted, one a line';
COMMENT ON COLUMN optimization_runs.strategy_code_hash IS 'SHA-256 over the files of the LEAN project';
COMMENT ON COLUMN optimization_runs.engine_image IS 'Docker image of the engine, NULL for the CLI''s default';
COMMENT ON COLUMN optimization_runs.engine_digest IS
    'Id of that image when the run ended, sha256:…; NULL where Docker could not tell';
COMMENT ON COLUMN optimization_runs.engine IS
    'warm where LEAN stayed up between backtests, cold where each had a process of its own; NULL where nobody knows';
COMMENT ON COLUMN optimization_runs.engine_checked IS
    'Combinations that a warm engine ran and that were the same when LEAN''s own process ran them again';
COMMENT ON COLUMN optimization_runs.engine_note IS 'Why backtests ran cold, or the first difference that was found';
COMMENT ON COLUMN optimization_runs.data_fingerprint IS
    'Data files that LEAN looked for, 16 digits of each one''s SHA-256 by its path, null for a missing one';
COMMENT ON COLUMN optimization_runs.lean_version IS 'Version of LEAN that the results name';
COMMENT ON COLUMN optimization_runs.computing_seconds IS
    'Seconds that the backtests it ran itself took, added up; NULL until it has ended, or where LEAN left no times';
COMMENT ON COLUMN optimization_runs.output_folder IS
    'Absolute path of the folder that LEAN wrote; NULL for a refused run';
COMMENT ON COLUMN optimization_runs.benchmark IS
    'Ticker that the run is compared with, or words; NULL where it is not known, or the backtests cover different days';
COMMENT ON COLUMN optimization_runs.benchmark_return IS
    'Return of holding the benchmark over the days of the backtests, dividends included, a fraction';
COMMENT ON COLUMN optimization_runs.benchmark_annual_return IS 'The same a year, as LEAN compounds it, a fraction';
COMMENT ON COLUMN optimization_runs.benchmark_sharpe IS 'Its Sharpe ratio, as in daily_sharpe_ratio';
COMMENT ON COLUMN optimization_runs.benchmark_max_drawdown IS 'Its largest drawdown by daily closes, a positive fraction';
COMMENT ON COLUMN optimization_runs.benchmark_returns IS
    'Its returns of the trading days, packed as daily_returns of backtest_results; a day that is missing has 0; NULL where not known';
COMMENT ON COLUMN optimization_runs.spa_p IS
    'Probability that luck alone puts the best combination so far above buy-and-hold, of trading days: the p-value of '
    'Hansen''s test for superior predictive ability; NULL without daily returns of the benchmark';
COMMENT ON COLUMN optimization_runs.runner_host IS 'Machine of the runner that owns the run while it is running';
COMMENT ON COLUMN optimization_runs.runner_pid IS 'Process of that runner';
COMMENT ON COLUMN optimization_runs.runner_started_at IS
    'When that process began, which tells it from a later one of the same number, UTC';
COMMENT ON COLUMN optimization_runs.runner_token IS
    'Identity of that process: the machine''s start and process namespace, its number, and when it began in clock ticks';
COMMENT ON COLUMN optimization_runs.started_at IS 'When the run began, UTC';
COMMENT ON COLUMN optimization_runs.completed_at IS 'When the run ended, UTC';
COMMENT ON COLUMN optimization_runs.created_at IS 'When the row was made, UTC';
COMMENT ON COLUMN optimization_runs.updated_at IS 'When the row last changed, UTC';

COMMENT ON TABLE backtest_results IS 'Backtests: one row for each that ran to its end or failed';
COMMENT ON COLUMN backtest_results.id IS 'Number of the result';
COMMENT ON COLUMN backtest_results.optimization_run_id IS 'The run it belongs to';
COMMENT ON COLUMN backtest_results.strategy_id IS 'The strategy that was tested';
COMMENT ON COLUMN backtest_results.backtest_id IS 'LEAN''s id of the backtest, unique within its run';
COMMENT ON COLUMN backtest_results.parameters IS 'Parameters by name; the values are texts, as LEAN has them';
COMMENT ON COLUMN backtest_results.combination IS
    'The parameters as one text in which 30 and 30.0 are the same; NULL without parameters';
COMMENT ON COLUMN backtest_results.status IS 'completed, or failed when LEAN''s state is a runtime error';
COMMENT ON COLUMN backtest_results.error_message IS 'LEAN''s error text of a failed backtest';
COMMENT ON COLUMN backtest_results.stack_trace IS 'LEAN''s stack trace of a failed backtest';
COMMENT ON COLUMN backtest_results.sharpe_ratio IS
    'Annualised Sharpe ratio (LEAN''s sharpeRatio), of the returns of all calendar days, an interest taken off';
COMMENT ON COLUMN backtest_results.daily_sharpe_ratio IS
    'Mean / sample standard deviation (n - 1) of the daily returns of trading days, times the root of 252, no interest '
    'taken off; NULL where the equity never changed or the large file was missing';
COMMENT ON COLUMN backtest_results.sortino_ratio IS 'Annualised Sortino ratio';
COMMENT ON COLUMN backtest_results.probabilistic_sharpe_ratio IS
    'LEAN''s probabilistic Sharpe ratio, a fraction; it tests against an annual Sharpe ratio of 1';
COMMENT ON COLUMN backtest_results.calmar_ratio IS
    'compounding_annual_return / max_drawdown, rounded to 6 decimals; NULL without a drawdown';
COMMENT ON COLUMN backtest_results.total_return IS 'Return over the whole period, a fraction (LEAN''s Net Profit)';
COMMENT ON COLUMN backtest_results.compounding_annual_return IS 'Compounding annual return, a fraction';
COMMENT ON COLUMN backtest_results.excess_return IS
    'compounding_annual_return - benchmark_annual_return of the same days, a fraction; NULL without a benchmark';
COMMENT ON COLUMN backtest_results.max_drawdown IS 'Largest drawdown, a positive fraction';
COMMENT ON COLUMN backtest_results.drawdown_recovery_days IS
    'Longest time from a peak until it was reached again, days; a drawdown that never recovered does not count';
COMMENT ON COLUMN backtest_results.time_under_water_days IS
    'The same with a drawdown still open at the end, which counts to the last day; NULL without the large file';
COMMENT ON COLUMN backtest_results.annual_std_dev IS 'Annual standard deviation of returns, a fraction';
COMMENT ON COLUMN backtest_results.annual_variance IS 'Annual variance of returns';
COMMENT ON COLUMN backtest_results.total_orders IS 'Orders; a round trip is two';
COMMENT ON COLUMN backtest_results.total_trades IS 'Closed round trips (LEAN''s totalNumberOfTrades)';
COMMENT ON COLUMN backtest_results.gross_winning_trades IS 'Closed round trips with a profit before fees, by LEAN';
COMMENT ON COLUMN backtest_results.gross_losing_trades IS 'Closed round trips without a profit before fees, by LEAN';
COMMENT ON COLUMN backtest_results.gross_max_consecutive_losing_trades IS
    'Longest series of round trips without a profit before fees, by LEAN';
COMMENT ON COLUMN backtest_results.winning_trades IS
    'Closed round trips with a profit after fees; NULL without the large file';
COMMENT ON COLUMN backtest_results.losing_trades IS
    'Closed round trips with a loss after fees; NULL without the large file';
COMMENT ON COLUMN backtest_results.max_consecutive_losing_trades IS
    'Longest series of round trips with a loss after fees; NULL without the large file';
COMMENT ON COLUMN backtest_results.win_rate IS 'Winning round trips, a fraction';
COMMENT ON COLUMN backtest_results.loss_rate IS 'Losing round trips, a fraction';
COMMENT ON COLUMN backtest_results.avg_win IS 'Average win, a fraction of the equity';
COMMENT ON COLUMN backtest_results.avg_loss IS 'Average loss, a fraction of the equity, negative';
COMMENT ON COLUMN backtest_results.profit_loss_ratio IS 'Average win / average loss, without the sign';
COMMENT ON COLUMN backtest_results.gross_profit_factor IS
    'Sum of profits / sum of losses of the closed round trips before fees, by LEAN; 10 without a loss';
COMMENT ON COLUMN backtest_results.profit_factor IS
    'The same after fees, rounded to 6 decimals; 10 without a loss, 0 without a trade, NULL without the large file';
COMMENT ON COLUMN backtest_results.expectancy IS 'win_rate * profit_loss_ratio - loss_rate';
COMMENT ON COLUMN backtest_results.total_fees IS
    'Fees, dollars, of all orders, those of a position still open included';
COMMENT ON COLUMN backtest_results.fee_pct IS 'total_fees / start_equity, a fraction, rounded to 6 decimals';
COMMENT ON COLUMN backtest_results.annual_fee_pct IS
    'fee_pct a year of the backtest''s period (365.25 days), a fraction, rounded to 6 decimals';
COMMENT ON COLUMN backtest_results.net_profit IS 'end_equity - start_equity, dollars';
COMMENT ON COLUMN backtest_results.start_equity IS 'Capital at the start, dollars';
COMMENT ON COLUMN backtest_results.end_equity IS 'Equity at the end, dollars';
COMMENT ON COLUMN backtest_results.portfolio_turnover IS 'Average daily turnover, a fraction of the equity';
COMMENT ON COLUMN backtest_results.estimated_capacity IS 'LEAN''s estimate of the capital the strategy can hold, dollars';
COMMENT ON COLUMN backtest_results.alpha IS
    'Alpha against the benchmark; NULL where that never moved or there was none';
COMMENT ON COLUMN backtest_results.beta IS
    'Beta against the benchmark; NULL where that never moved or there was none';
COMMENT ON COLUMN backtest_results.information_ratio IS
    'Information ratio against the benchmark; NULL where that never moved or there was none';
COMMENT ON COLUMN backtest_results.tracking_error IS
    'Tracking error against the benchmark, a fraction; NULL where that never moved or there was none';
COMMENT ON COLUMN backtest_results.treynor_ratio IS
    'Treynor ratio; NULL where the benchmark never moved or there was none';
COMMENT ON COLUMN backtest_results.value_at_risk_95 IS 'Daily value at risk at 95 %, a fraction';
COMMENT ON COLUMN backtest_results.value_at_risk_99 IS 'Daily value at risk at 99 %, a fraction';
COMMENT ON COLUMN backtest_results.backtest_start IS 'First day of the backtest';
COMMENT ON COLUMN backtest_results.backtest_end IS 'Last day of the backtest';
COMMENT ON COLUMN backtest_results.account_currency IS 'Currency of the account; money columns are in it';
COMMENT ON COLUMN backtest_results.lean_version IS 'Version of LEAN that made the result';
COMMENT ON COLUMN backtest_results.outcome_hash IS
    'Hash of all figures that LEAN reports, unrounded, the same for identical results; NULL without any';
COMMENT ON COLUMN backtest_results.source_signs IS
    'Size and time of change of the files that it was read from, behind a hash of the code that read them: while these '
    'stay the same they are not read again';
COMMENT ON COLUMN backtest_results.also_read IS
    'What else was read from these files: trade statistics by name, the stocks, those without prices, buy-and-hold '
    '(name, total return, annual return, Sharpe ratio, drawdown; fractions), problems';
COMMENT ON COLUMN backtest_results.daily_returns IS
    'Returns of the trading days, fractions, packed, 6 bytes a day; NULL for a failed backtest or without the large file';
COMMENT ON COLUMN backtest_results.daily_skewness IS
    'Skewness of the daily returns of trading days (division by n), 0 for a normal distribution';
COMMENT ON COLUMN backtest_results.daily_kurtosis IS
    'Their kurtosis, not the excess (division by n): 3 for a normal distribution';
COMMENT ON COLUMN backtest_results.psr IS
    'Probability that the true daily Sharpe ratio is above 0, a fraction; probabilistic_sharpe_ratio is LEAN''s own';
COMMENT ON COLUMN backtest_results.min_track_record_years IS
    'Years of 252 trading days after which psr would be 0.95; NULL where the Sharpe ratio is not above 0';
COMMENT ON COLUMN backtest_results.deflated_sharpe IS
    'Probability that the true Sharpe ratio is above what luck gives the best of all trials, a fraction';
COMMENT ON COLUMN backtest_results.deflated_sharpe_independent IS
    'The same, with the effective number of independent trials';
COMMENT ON COLUMN backtest_results.plateau IS
    'Median target of the combinations one step away / its own; NULL where that is not above 0';
COMMENT ON COLUMN backtest_results.worst_step IS
    'How much worse the worst of these is, as a fraction of its own target';
COMMENT ON COLUMN backtest_results.on_edge IS
    'Whether a parameter of three or more values has its first or last one in the run';
COMMENT ON COLUMN backtest_results.daily_sharpe_low IS
    'Lower end of the 95 % interval of daily_sharpe_ratio, annual, by the stationary bootstrap';
COMMENT ON COLUMN backtest_results.daily_sharpe_high IS
    'Its upper end';
COMMENT ON COLUMN backtest_results.meets_criteria IS
    'Whether it meets every success criterion and constraint over the period asked for; NULL when there was neither';
COMMENT ON COLUMN backtest_results.rejection_reasons IS
    'Every reason why it does not pass, in words; the table rejections has their figures';
COMMENT ON COLUMN backtest_results.miss_distance IS
    'The largest distance of its rejections, a fraction of the limit; NULL where one of them has none, or it passes';
COMMENT ON COLUMN backtest_results.target_value IS
    'The target metric, as LEAN''s optimizer compares it (a fraction where the metric is one)';
COMMENT ON COLUMN backtest_results.reused_from IS
    'The earlier result that this one was taken from instead of being run again';
COMMENT ON COLUMN backtest_results.started_at IS 'When the backtest began, UTC';
COMMENT ON COLUMN backtest_results.completed_at IS 'When the backtest ended, UTC';
COMMENT ON COLUMN backtest_results.created_at IS 'When the row was made, UTC';
COMMENT ON COLUMN backtest_results.updated_at IS 'When the row last changed, the figures of luck aside, UTC';

COMMENT ON TABLE rejections IS 'Why backtests do not pass: a row for each reason, with its figures';
COMMENT ON COLUMN rejections.backtest_id IS 'The row in backtest_results';
COMMENT ON COLUMN rejections.position IS 'Place among the reasons of the backtest, from 0';
COMMENT ON COLUMN rejections.criterion IS
    'Criterion, such as min_trades, or a constraint as the config has it; failed, period or no_trades for what every '
    'config asks; of rows from before they had figures the kind of reason';
COMMENT ON COLUMN rejections.reason IS 'The reason in words, as in rejection_reasons';
COMMENT ON COLUMN rejections.value IS 'What the backtest has, in the unit of the figure; NULL where that is not known';
COMMENT ON COLUMN rejections."limit" IS 'What the config asks for, in the same unit';
COMMENT ON COLUMN rejections.distance IS
    'How far the value is from the limit, as a fraction of the limit; NULL where either is not known or the limit is 0';

COMMENT ON TABLE strategy_standings IS
    'What strategy_leaderboard says of strategies whose results have not changed since; a row that is not there is worked '
    'out by whoever asks, and so is what strategy_rejections, strategy_parameters and run_figures keep beside it';
COMMENT ON COLUMN strategy_standings.strategy_id IS 'The strategy';
COMMENT ON COLUMN strategy_standings.best_result_id IS 'Its best backtest; NULL where none made a trade';
COMMENT ON COLUMN strategy_standings.is_walked IS 'Whether that is what its walk-forward analysis would trade next';
COMMENT ON COLUMN strategy_standings.target IS 'What the run of that one optimised, in small letters, and max or min';
COMMENT ON COLUMN strategy_standings.score IS 'Its target, so that more is better';
COMMENT ON COLUMN strategy_standings.combinations IS 'Combinations tested over all runs, each once';
COMMENT ON COLUMN strategy_standings.passed IS 'Combinations that met the criteria';
COMMENT ON COLUMN strategy_standings.failed IS 'Combinations whose every backtest failed';
COMMENT ON COLUMN strategy_standings.is_judged IS 'Whether any of them was judged';

COMMENT ON TABLE strategy_rejections IS 'What rejection_summary says of the strategies of strategy_standings';
COMMENT ON COLUMN strategy_rejections.strategy_id IS 'The strategy';
COMMENT ON COLUMN strategy_rejections.reason IS 'Kind of reason, the text before its colon';
COMMENT ON COLUMN strategy_rejections.backtests IS 'Combinations rejected for it';
COMMENT ON COLUMN strategy_rejections.judged IS 'Combinations of the strategy that were judged';
COMMENT ON COLUMN strategy_rejections.example IS 'One such reason in full';

COMMENT ON TABLE strategy_parameters IS 'What parameter_performance says of the strategies of strategy_standings, unrounded';
COMMENT ON COLUMN strategy_parameters.strategy_id IS 'The strategy';
COMMENT ON COLUMN strategy_parameters.parameter IS 'Name of the parameter';
COMMENT ON COLUMN strategy_parameters.value IS 'Its value; 30 and 30.0 are the same';
COMMENT ON COLUMN strategy_parameters.backtests IS 'Combinations with this value';
COMMENT ON COLUMN strategy_parameters.passed IS 'Combinations that met the criteria';
COMMENT ON COLUMN strategy_parameters.avg_sharpe IS 'Average Sharpe ratio';
COMMENT ON COLUMN strategy_parameters.best_sharpe IS 'Best Sharpe ratio';
COMMENT ON COLUMN strategy_parameters.avg_total_return IS 'Average total return, a fraction';
COMMENT ON COLUMN strategy_parameters.avg_max_drawdown IS 'Average largest drawdown, a fraction';
COMMENT ON COLUMN strategy_parameters.avg_fee_pct IS 'Average fees as a fraction of the starting capital';

COMMENT ON TABLE run_figures IS
    'What fee_analysis, luck_of_runs, next_steps and the pages say of the runs of the strategies of strategy_standings, '
    'unrounded';
COMMENT ON COLUMN run_figures.run_id IS 'The run';
COMMENT ON COLUMN run_figures.strategy_id IS 'Its strategy';
COMMENT ON COLUMN run_figures.luckiest_result_id IS
    'The result with the highest deflated_sharpe of those that figures over several runs count; NULL without one';
COMMENT ON COLUMN run_figures.ends IS
    'Lowest and highest value of each numeric parameter with three or more; NULL without one';
COMMENT ON COLUMN run_figures.is_judged IS 'Whether any of its results was judged';
COMMENT ON COLUMN run_figures.best_sharpe IS 'Highest sharpe_ratio of those that did not fail and made a trade';
COMMENT ON COLUMN run_figures.best_deflated_sharpe IS 'Highest deflated_sharpe of those that did not fail';
COMMENT ON COLUMN run_figures.backtests IS 'Combinations that did not fail, each by one backtest';
COMMENT ON COLUMN run_figures.avg_orders IS 'Average orders of a backtest';
COMMENT ON COLUMN run_figures.avg_total_fees IS 'Average fees of a backtest, dollars';
COMMENT ON COLUMN run_figures.fee_per_order IS 'Fees of an order, dollars';
COMMENT ON COLUMN run_figures.avg_fee_pct IS 'Average fees as a fraction of the starting capital';
COMMENT ON COLUMN run_figures.max_fee_pct IS 'Highest fees as a fraction of the starting capital';
COMMENT ON COLUMN run_figures.avg_annual_fee_pct IS 'Average fees a year as a fraction of the starting capital';
COMMENT ON COLUMN run_figures.max_annual_fee_pct IS 'Highest fees a year as a fraction of the starting capital';
COMMENT ON COLUMN run_figures.over_30_percent IS 'Backtests whose fees passed 30 % of the starting capital';
COMMENT ON COLUMN run_figures.avg_net_profit IS 'Average net profit, dollars';
COMMENT ON COLUMN run_figures.avg_profit_before_fees IS 'Average profit without the fees, dollars';

COMMENT ON TABLE walk_forward_analyses IS
    'Walk-forward analyses: in each window a combination is chosen in-sample and tested on the days after';
COMMENT ON COLUMN walk_forward_analyses.id IS 'Number of the analysis';
COMMENT ON COLUMN walk_forward_analyses.analysis_uuid IS
    'Identity of the analysis, from its folders, so that importing it again finds the same row';
COMMENT ON COLUMN walk_forward_analyses.strategy_id IS 'The strategy that was tested';
COMMENT ON COLUMN walk_forward_analyses.config_file IS 'Path of the config as it was given';
COMMENT ON COLUMN walk_forward_analyses.choose IS
    'best: by the target; plateau: by the median target of a combination''s neighbours in the grid';
COMMENT ON COLUMN walk_forward_analyses.out_of_sample IS
    'Which combinations were tested out-of-sample: the chosen one of each window, or all';
COMMENT ON COLUMN walk_forward_analyses.status IS 'running, completed, partial, failed or interrupted';
COMMENT ON COLUMN walk_forward_analyses.error_message IS 'Why the analysis is not completed';
COMMENT ON COLUMN walk_forward_analyses.backtests IS 'Distinct in-sample combinations with a result, failed ones included';
COMMENT ON COLUMN walk_forward_analyses.total_return IS 'Return of the stitched out-of-sample days, a fraction';
COMMENT ON COLUMN walk_forward_analyses.annual_return IS
    'The same a year, compounding by years of 365 calendar days, a fraction';
COMMENT ON COLUMN walk_forward_analyses.sharpe_ratio IS
    'Of the stitched daily returns: mean / sample standard deviation (n - 1), times the root of 252, no interest taken off';
COMMENT ON COLUMN walk_forward_analyses.t_statistic IS
    'Of the mean of the stitched daily returns against 0: mean / (sample standard deviation (n - 1) / root of n)';
COMMENT ON COLUMN walk_forward_analyses.max_drawdown IS
    'Largest drawdown of the stitched equity by daily closes, a positive fraction';
COMMENT ON COLUMN walk_forward_analyses.total_trades IS 'Closed round trips of the chosen combinations out-of-sample';
COMMENT ON COLUMN walk_forward_analyses.efficiency IS
    'Walk-forward efficiency: annualised out-of-sample return of the chosen combinations / their annualised in-sample '
    'return, over the windows that have both; NULL where the in-sample return is not above 0';
COMMENT ON COLUMN walk_forward_analyses.profitable_windows IS
    'Share of the windows with a return above 0, a fraction; one in which nothing was traded has none';
COMMENT ON COLUMN walk_forward_analyses.beat_benchmark IS
    'Share of the windows that returned more than buy-and-hold, of those for which that is known, a fraction';
COMMENT ON COLUMN walk_forward_analyses.rank_correlation IS
    'Spearman''s, target in-sample against target out-of-sample over the combinations, the mean over the windows';
COMMENT ON COLUMN walk_forward_analyses.drift IS
    'By parameter: steps, the mean distance between the choices of neighbouring windows in steps of the tried values, '
    'and values, how often each was chosen';
COMMENT ON COLUMN walk_forward_analyses.days IS
    'The stitched out-of-sample trading days; of a window in which nothing was traded those that other backtests show, '
    'else its weekdays';
COMMENT ON COLUMN walk_forward_analyses.daily_returns IS
    'The return of each of days, a fraction; each window begins with cash, and what is open at its end is valued at the '
    'last close. 0 where nothing was traded';
COMMENT ON COLUMN walk_forward_analyses.meets_criteria IS
    'Whether it meets every criterion of the analysis, with a result for each choice; NULL without such criteria or '
    'while it is under way';
COMMENT ON COLUMN walk_forward_analyses.rejection_reasons IS 'Every reason why it does not';
COMMENT ON COLUMN walk_forward_analyses.next_parameters IS
    'The combination to trade next: the one that was chosen in the newest window; NULL where nothing qualified there';
COMMENT ON COLUMN walk_forward_analyses.created_at IS 'When the row was made, UTC';
COMMENT ON COLUMN walk_forward_analyses.updated_at IS 'When the row last changed, UTC';

COMMENT ON TABLE walk_forward_runs IS 'Which runs belong to a walk-forward analysis';
COMMENT ON COLUMN walk_forward_runs.run_id IS 'The run';
COMMENT ON COLUMN walk_forward_runs.analysis_id IS 'The analysis it belongs to';
COMMENT ON COLUMN walk_forward_runs.part IS 'in-sample or out-of-sample';

COMMENT ON TABLE walk_forward_windows IS 'Windows of walk-forward analyses';
COMMENT ON COLUMN walk_forward_windows.analysis_id IS 'The analysis it belongs to';
COMMENT ON COLUMN walk_forward_windows.number IS 'Number of the window, from 1';
COMMENT ON COLUMN walk_forward_windows.in_sample_start IS 'First day that was optimised';
COMMENT ON COLUMN walk_forward_windows.in_sample_end IS 'Last day that was optimised';
COMMENT ON COLUMN walk_forward_windows.out_of_sample_start IS 'First day of the test, the day after';
COMMENT ON COLUMN walk_forward_windows.out_of_sample_end IS 'Last day of the test';
COMMENT ON COLUMN walk_forward_windows.parameters IS
    'The chosen combination without its days; NULL where nothing qualified, so that nothing was traded';
COMMENT ON COLUMN walk_forward_windows.reason IS 'Why it was chosen, or why nothing was';
COMMENT ON COLUMN walk_forward_windows.in_sample_result_id IS 'The chosen backtest';
COMMENT ON COLUMN walk_forward_windows.out_of_sample_result_id IS 'The test of its combination; NULL without one';
COMMENT ON COLUMN walk_forward_windows.rank_correlation IS
    'Spearman''s, target in-sample against target out-of-sample over the combinations that have both; NULL below three';
COMMENT ON COLUMN walk_forward_windows.updated_at IS 'When the row last changed, UTC';
