-- One row a customer for the purchase models, as an analyst would write it for this one log.
-- Ids leave as their HMAC-SHA-256: $inner and $outer are the padded keys.
WITH rows AS (
    SELECT DISTINCT trim(customer_id) AS customer_id, date, amount, order_id FROM $log
    WHERE customer_id IS NOT NULL AND trim(customer_id) NOT IN ('', 'guest')
),
orders AS (
    -- a refund is taken off the order that it names, by the day in the shop's own time
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
customers AS (
    SELECT customer_id, count(*) AS days, min(day) AS first, max(day) AS last,
        sum(spend) AS spend, arg_min(spend, day) AS first_spend
    FROM days GROUP BY customer_id
)
SELECT left(sha256(unhex('$outer') || unhex(sha256(unhex('$inner') ||
        encode('customer:' || customer_id)))), 16) AS customer_id,
    days - 1 AS frequency, (last - first) / 7 AS recency,
    (DATE '$as_of' - first) / 7 AS age, (spend - first_spend) / nullif(days - 1, 0) AS mean_spend
FROM customers ORDER BY 1
