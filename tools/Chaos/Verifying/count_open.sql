-- Counts the missing effects and dead letters, over all groups, of the orders' events after position $1 up to $2.
with wanted as (select id from bus.outbox where position > $1 and position <= $2 and type = 'order.placed'),
dead as (select g.name as "group", r.id from bus.retry r join bus.consumer_group g on g.id = r.group_id where r.state = 'dead')
select
    (select count(*) from (select id from wanted except select event_id::uuid from webhooks.effects except select id from dead where "group" = 'webhook-delivery') as open)
    + (select count(*) from (select id from wanted except select event_id::uuid from analytics.effects except select id from dead where "group" = 'analytics-pipeline') as open)
    + (select count(*) from (select id from wanted except select event_id::uuid from notifications.effects except select id from dead where "group" = 'notification-sender') as open)
