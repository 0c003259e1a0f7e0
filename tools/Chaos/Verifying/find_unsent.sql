-- Up to 100 webhooks and 100 mails that are not sent, each with its state.
(select 'webhook of ' || event.subject || ' (' || delivery.state || ')' from webhooks.deliveries delivery join webhooks.events event on event.id = delivery.event where delivery.state <> 'delivered' limit 100)
union all
(select 'mail of ' || subject || ' (' || state || ')' from notifications.emails where state <> 'sent' limit 100)
