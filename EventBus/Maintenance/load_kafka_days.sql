-- The highest of each measure of every whole day (UTC) from $2 on, before the day of $3: an unfinished day says too little.
select date_trunc('day', hour, 'UTC') as day, max(rate) as rate, max(retention) as retention, max(groups) as groups
from bus.kafka_trigger_hour
where stream = $1 and hour >= $2 and hour < date_trunc('day', $3::timestamptz, 'UTC')
group by day
order by day
