-- Scores from 1 to 5 whose levels end at values that occur: customers with one value share one.
-- Ids leave as their HMAC-SHA-256: $inner and $outer are the padded keys.
WITH rows AS (
    SELECT DISTINCT trim(customer_id) AS customer_id, date, amount, order_id FROM $log
    WHERE customer_id IS NOT NULL AND trim(customer_id) NOT IN ('', 'guest')
),
orders AS (
    SELECT customer_id, order_id,
        min(CAST(date AT TIME ZONE '$zone' AS DATE)) FILTER (amount >= 0) AS day,
        sum(amount) FILTER (amount >= 0) AS bought,
        sum(amount) AS amount
    FROM rows WHERE CAST(date AT TIME ZONE '$zone' AS DATE) <= DATE '$as_of'
    GROUP BY ALL
),
days AS (
    SELECT customer_id, day, sum(round(amount, 6)) AS spend FROM orders
    WHERE bought = amount OR amount >= 0.005 GROUP BY ALL
),
customers AS MATERIALIZED (
    SELECT customer_id, DATE '$as_of' - max(day) AS days_since_last, count(*) AS orders,
        round(sum(spend), 6) AS spend,
        round(coalesce(sum(spend) FILTER (day > DATE '$as_of' - 365), 0), 6) AS spend_year,
        DATE '$as_of' - min(day) AS tenure
    FROM days GROUP BY customer_id
),
cuts AS (
    SELECT quantile_disc(days_since_last, [.2, .4, .6, .8]) AS r,
        quantile_disc(orders, [.2, .4, .6, .8]) AS f,
        quantile_disc(spend, [.2, .4, .6, .8]) AS m
    FROM customers
)
SELECT left(sha256(unhex('$outer') || unhex(sha256(unhex('$inner') ||
        encode('customer:' || customer_id)))), 16) AS customer_id,
    customers.* EXCLUDE (customer_id),
    5 - len(list_filter(r, c -> days_since_last > c)) AS recency_score,
    1 + len(list_filter(f, c -> orders > c)) AS frequency_score,
    1 + len(list_filter(m, c -> spend > c)) AS spend_score
FROM customers, cuts ORDER BY 1
