-- Tables as a team may have made them by hand before the schema had versions, with a few rows.
CREATE TYPE strategy_status AS ENUM ('planned', 'testing', 'rejected', 'passed', 'deployed');
CREATE TABLE strategies (
    id SERIAL PRIMARY KEY,
    name VARCHAR(100) UNIQUE NOT NULL,
    category VARCHAR(50),
    asset_class VARCHAR(50),
    lean_project_path TEXT,
    description TEXT,
    hypothesis TEXT,
    status strategy_status DEFAULT 'planned',
    priority VARCHAR(10),
    created_at TIMESTAMP DEFAULT now()
);
CREATE TABLE optimization_runs (
    id SERIAL PRIMARY KEY,
    strategy_id INTEGER REFERENCES strategies (id),
    config_file TEXT,
    optimization_type VARCHAR(50),
    target_metric VARCHAR(50),
    target_direction VARCHAR(10),
    total_combinations INTEGER,
    completed_combinations INTEGER DEFAULT 0,
    status VARCHAR(20) DEFAULT 'running',
    started_at TIMESTAMP DEFAULT now(),
    completed_at TIMESTAMP
);
CREATE TABLE backtest_results (
    id SERIAL PRIMARY KEY,
    optimization_run_id INTEGER REFERENCES optimization_runs (id),
    strategy_id INTEGER REFERENCES strategies (id),
    backtest_id VARCHAR(100),
    parameters JSON,
    sharpe_ratio NUMERIC(6, 3),
    total_return NUMERIC(8, 4),
    max_drawdown NUMERIC(5, 4),
    total_trades INTEGER,
    total_fees NUMERIC(10, 2),
    meets_criteria BOOLEAN,
    rejection_reasons TEXT,
    completed_at TIMESTAMP DEFAULT now()
);
CREATE VIEW strategy_leaderboard AS
SELECT strategies.name, max(sharpe_ratio) AS best
FROM backtest_results
INNER JOIN strategies ON strategies.id = backtest_results.strategy_id
GROUP BY strategies.name;
INSERT INTO strategies (name, category, status, priority)
VALUES ('Old_RSI', 'mean_reversion', 'rejected', 'high'), ('Old_Live', 'momentum', 'deployed', NULL);
INSERT INTO optimization_runs (strategy_id, optimization_type, target_direction, status)
VALUES (1, 'Grid Search', 'maximize', 'done');
INSERT INTO backtest_results
    (optimization_run_id, strategy_id, backtest_id, parameters, sharpe_ratio, total_trades, meets_criteria,
    rejection_reasons)
VALUES
    (1, 1, 'a', '{"rsi_period": "14"}', -1.042, 8, false, 'Insufficient trades: 8 < 100'),
    (1, 1, 'a', '{"rsi_period": "15"}', 0.5, 50, false, NULL),
    (1, 1, NULL, NULL, NULL, NULL, NULL, NULL);
