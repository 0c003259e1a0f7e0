-- A row per effect in each table of each group: group, table, event, subject. '' is the group's view of effects. No table is distinct, so that
-- duplicates show.
select 'webhook-delivery', '', event_id::uuid, subject from webhooks.effects
union all
select 'webhook-delivery', 'deliveries', event.event_id, event.subject from webhooks.deliveries delivery join webhooks.events event on event.id = delivery.event
union all
select 'analytics-pipeline', '', event_id::uuid, subject from analytics.effects
union all
select 'notification-sender', '', event_id::uuid, subject from notifications.effects
