-- A row for each effect in each book of each group: group, book, event, subject. The book '' is the group's own; all of them may hold an event twice, so that it shows.
select 'webhook-delivery', '', event_id::uuid, subject from webhooks.effects
union all
select 'webhook-delivery', 'deliveries', event.event_id, event.subject from webhooks.deliveries delivery join webhooks.events event on event.id = delivery.event
union all
select 'analytics-pipeline', '', event_id::uuid, subject from analytics.effects
union all
select 'notification-sender', '', event_id::uuid, subject from notifications.effects
