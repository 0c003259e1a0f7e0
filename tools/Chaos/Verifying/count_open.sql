-- Counts the missing effects and dead letters, over all groups, of the events after position $1 up to $2.
with wanted as (select id from bus.outbox where position > $1 and position <= $2),
dead as (select "group", event_id from bus.dead_letters)
select
    (select count(*) from (select id from wanted except select event_id::uuid from webhooks.effects except select event_id from dead where "group" = 'webhook-delivery') as open)
    + (select count(*) from (select id from wanted except select event_id::uuid from analytics.effects except select event_id from dead where "group" = 'analytics-pipeline') as open)
    + (select count(*) from (select id from wanted except select event_id::uuid from notifications.effects except select event_id from dead where "group" = 'notification-sender') as open)
