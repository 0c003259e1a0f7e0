-- Removes group $2 of stream $1 with its inbox and its retry rows; answers with its id.
with removed as (delete from bus.consumer_group where stream = $1 and name = $2 returning id),
inbox as (delete from bus.inbox using removed where group_id = removed.id),
retries as (delete from bus.retry using removed where group_id = removed.id)
select id from removed
