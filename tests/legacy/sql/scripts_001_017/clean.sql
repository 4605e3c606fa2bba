INSERT INTO users (id, username, email, password_hash, role, is_active, api_key, created_at, updated_at) VALUES
  (1, 'admin', 'admin@example.com', '$2b$10$N9qo8uLOickgx2ZMRZoMye', 'admin', true, 'ak_live_1', '2025-11-01 08:00:00', '2026-01-02 09:30:00'),
  (2, 'trader', 'trader@example.com', '$2b$10$ZMRZoMyeIjZAgcfl7p92ld', 'user', true, NULL, '2025-11-03 12:00:00', '2025-11-03 12:00:00');
INSERT INTO exchanges (
  id, name, display_name, is_active, supports_spot, supports_futures, api_endpoint, websocket_endpoint, created_at
) VALUES
  (1, 'bybit', 'Bybit', true, true, true, 'https://api.bybit.com', 'wss://stream.bybit.com', '2025-11-01 08:00:00'),
  (2, 'bingx', 'BingX', true, false, true, 'https://open-api.bingx.com', NULL, '2025-11-01 08:00:00'),
  (3, 'okx', 'OKX', false, true, true, NULL, NULL, '2025-11-01 08:00:00');
INSERT INTO trading_pairs (
  id, exchange_id, symbol, base_currency, quote_currency, min_order_size, max_order_size, price_precision, created_at
) VALUES
  (1, 1, 'BTCUSDT', 'BTC', 'USDT', 0.001, 100, 2, '2025-11-01 08:00:00'),
  (2, 1, 'ETHUSDT', 'ETH', 'USDT', 0.01, 1000, 2, '2025-11-01 08:00:00'),
  (3, 2, 'BTCUSDT', 'BTC', 'USDT', 0.0001, 50, 1, '2025-11-01 08:00:00');
INSERT INTO portfolios (id, user_id, name, description, total_value, initial_value, created_at) VALUES
  (1, 1, 'Main', 'Long term', 12500.5, 10000, '2025-11-02 00:00:00'),
  (2, 2, 'Test', NULL, 990.25, 1000, '2025-11-04 00:00:00');
INSERT INTO positions (
  id, portfolio_id, trading_pair_id, position_type, entry_price, current_price, quantity, leverage, unrealized_pnl,
  realized_pnl, status, opened_at, closed_at
) VALUES
  (1, 1, 1, 'long', 91250.5, 93010.25, 0.05, 10, 87.9875, 0, 'open', '2026-01-02 10:15:00', NULL),
  (2, 1, 2, 'short', 3120.75, 3098.5, 1.5, 5, 0, 33.375, 'closed', '2026-01-01 07:00:00', '2026-01-01 19:42:11'),
  (3, 2, 3, 'long', 90800, NULL, 0.001, 1, 0, 0, 'open', '2026-01-03 00:00:01', NULL);
INSERT INTO orders (
  id, user_id, portfolio_id, trading_pair_id, exchange_order_id, order_type, side, price, quantity, filled_quantity,
  average_fill_price, status, fees, created_at, executed_at
) VALUES
  (1, 1, 1, 1, 'bb-1001', 'limit', 'buy', 91250.5, 0.05, 0.05, 91250.5, 'filled', 0.27375, '2026-01-02 10:14:00', '2026-01-02 10:15:00'),
  (2, 1, 1, 2, 'bb-1002', 'market', 'sell', NULL, 1.5, 1.5, 3120.75, 'filled', 0.281, '2026-01-01 06:59:59', '2026-01-01 07:00:00'),
  (3, 2, 2, 3, NULL, 'limit', 'buy', 85000, 0.001, 0, NULL, 'pending', 0, '2026-01-03 00:00:00', NULL);
INSERT INTO trades (id, order_id, exchange_trade_id, price, quantity, fee, fee_currency, executed_at) VALUES
  (1, 1, 't-77', 91250.5, 0.05, 0.27375, 'USDT', '2026-01-02 10:15:00'),
  (2, 2, 't-78', 3120.75, 1.5, 0.281, 'USDT', '2026-01-01 07:00:00');
INSERT INTO market_data (id, trading_pair_id, timestamp, open, high, low, close, volume, interval, created_at) VALUES
  (1, 1, '2026-01-02 10:00:00', 91000, 91300, 90950.5, 91250.5, 812.4, '1h', '2026-01-02 11:00:00'),
  (2, 1, '2026-01-02 11:00:00', 91250.5, 91900, 91200, 91811.25, 655.125, '1h', '2026-01-02 12:00:00'),
  (3, 2, '2026-01-02 10:00:00', 3100, 3125, 3098.25, 3120.75, 9210, '1h', '2026-01-02 11:00:00');
INSERT INTO strategies (id, user_id, name, strategy_type, parameters, is_active, created_at) VALUES
  (1, 1, 'Momentum', 'trend_following', '{"period": 14}', true, '2025-11-05 00:00:00');
INSERT INTO bot_instances (id, user_id, strategy_id, portfolio_id, name, status, created_at) VALUES
  (1, 1, 1, 1, 'bot one', 'running', '2025-11-06 00:00:00');
INSERT INTO risk_limits (id, portfolio_id, limit_type, limit_value) VALUES (1, 1, 'max_drawdown', 15.5);
INSERT INTO alerts (id, user_id, severity, message, created_at) VALUES
  (1, 2, 'warning', 'margin below 20 percent', '2026-01-02 22:00:00');
INSERT INTO audit_logs (id, user_id, action, details, created_at) VALUES
  (1, 1, 'login', '{"ip": "10.0.0.5"}', '2026-01-02 09:30:00');
INSERT INTO performance_metrics (id, portfolio_id, metric_date, total_return, sharpe_ratio) VALUES
  (1, 1, '2026-01-01', 25.005, 1.42);
INSERT INTO system_settings (id, category, subcategory, key, value, value_type, description, created_at, updated_at) VALUES
  (1, 'general', NULL, 'theme', 'dark', 'string', NULL, '2025-11-01 08:00:00', '2025-12-24 18:00:00'),
  (2, 'indication', 'active', 'activeAdvancedEnabled', 'true', 'boolean', 'advanced activity', '2025-11-01 08:00:00', '2025-11-01 08:00:00'),
  (3, 'strategy', 'main', 'trailingSteps', '[0.3,0.6,1.0]', 'json', NULL, '2025-11-01 08:00:00', '2025-11-20 10:10:10'),
  (4, 'performance', NULL, 'marketDataRetentionDays', '14', 'number', NULL, '2025-11-01 08:00:00', '2026-01-01 00:00:00');
INSERT INTO site_logs (id, timestamp, level, category, message, context, user_id, connection_id, metadata, created_at) VALUES
  (1, '2026-01-02 09:30:00', 'info', 'auth', 'admin logged in', '{"session": 5}', 1, NULL, '{}', '2026-01-02 09:30:00'),
  (2, '2026-01-02 10:15:00', 'success', 'trade', 'order bb-1001 filled', '{}', 1, '1', '{"ms": 12.5}', '2026-01-02 10:15:00'),
  (3, '2026-01-02 23:59:59', 'error', 'engine', 'tick timed out', '{}', NULL, '2', '{}', '2026-01-02 23:59:59');
