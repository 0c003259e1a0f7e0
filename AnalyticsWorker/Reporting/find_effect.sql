-- When the events about a subject ($1) took effect, of those that did from $2 until $3: the index has the times only, so this reads all between them.
select effected_at from analytics.order_effect where subject = $1 and effected_at between $2 and $3 order by effected_at limit 10
