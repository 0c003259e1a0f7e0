-- Gives the role of each service what it needs, and nothing more. It runs after the migrations, in one transaction, as the owner of the schemas; it
-- can be repeated. RelationAccess in the event bus says what the parts of a service need of schema bus.

-- Earlier, each service owned its schema.
do $$
declare
    service text;
begin
    for service in
        select distinct rolname from pg_roles join pg_namespace on nspowner = pg_roles.oid
        where nspname in ('bus', 'access', 'orders', 'webhooks', 'analytics', 'notifications')
            and rolname in (
                'fanout_order_api', 'fanout_webhook_worker', 'fanout_analytics_worker', 'fanout_notification_worker', 'fanout_reclaimer')
    loop
        execute format('reassign owned by %I to %I', service, current_user);
    end loop;
end
$$;

-- The database. Up to Postgres 14, everybody may create tables in schema public.
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect on database %I '
            'to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer, '
            'fanout_stream_console',
        current_database());
    if has_schema_privilege('public', 'public', 'create') then
        revoke create on schema public from public;
    end if;
end
$$;

-- The schema of each service: its rows, but not its tables or the journal of its migrations.
do $$
declare
    own record;
begin
    for own in
        select * from (values
            ('orders', 'fanout_order_api'), ('webhooks', 'fanout_webhook_worker'), ('analytics', 'fanout_analytics_worker'),
            ('notifications', 'fanout_notification_worker')) as own (schema, service)
    loop
        execute format('grant usage on schema %I to %I', own.schema, own.service);
        execute format('grant select, insert, update, delete on all tables in schema %I to %I', own.schema, own.service);
        execute format('grant usage on all sequences in schema %I to %I', own.schema, own.service);
        execute format('revoke insert, update, delete on %I.schema_versions from %I', own.schema, own.service);
    end loop;
end
$$;

-- API keys: every service reads them and records their use. The key ring encrypts webhook secrets.
grant usage on schema access
    to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer, fanout_stream_console;
grant select on access.schema_versions, access.api_keys
    to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer, fanout_stream_console;
grant update (last_used_at) on access.api_keys
    to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer, fanout_stream_console;
grant select, insert on access.data_protection_keys to fanout_webhook_worker, fanout_stream_console;

-- The record of actions: every service adds to it and says how its actions ended; the reclaimer shows it, and deletes what is old enough.
grant select (id, status), insert (by_name, by_key, owner, service, action, target), update (target, status) on access.actions
    to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant select, delete on access.actions to fanout_reclaimer;

-- The event bus.
grant usage on schema bus
    to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant select on bus.schema_versions, bus.stream, bus.consumer_group
    to fanout_order_api, fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant update on bus.stream to fanout_order_api;
grant select, insert, update on bus.subscription
    to fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant insert, update on bus.consumer_group
    to fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant select, insert, update, delete on bus.inbox, bus.retry
    to fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant select, insert, update on bus.worker, bus.group_history
    to fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker, fanout_reclaimer;
grant select, insert, update, delete on bus.kafka_trigger_hour, bus.stream_history to fanout_reclaimer;
grant delete on bus.worker, bus.group_history to fanout_reclaimer;
grant select on bus.group_progress to fanout_reclaimer;

-- The reclaimer registers streams, adds partitions to their outboxes and drops them: it owns them.
grant create on schema bus to fanout_reclaimer;
grant insert on bus.stream to fanout_reclaimer;
alter default privileges for role fanout_reclaimer in schema bus grant select, insert on tables to fanout_order_api;
alter default privileges for role fanout_reclaimer in schema bus grant usage on sequences to fanout_order_api;
alter default privileges for role fanout_reclaimer in schema bus
    grant select on tables to fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker;
do $$
declare
    relation record;
begin
    for relation in
        select oid::regclass as name, relkind, relowner from pg_class
        where relnamespace = 'bus'::regnamespace and relkind in ('r', 'p', 'S') and relname ~ '^(outbox|position)(_[0-9]+)*$'
    loop
        if relation.relowner <> 'fanout_reclaimer'::regrole then
            execute format('alter table %s owner to fanout_reclaimer', relation.name);
        end if;

        if relation.relkind = 'S' then
            execute format('grant usage on sequence %s to fanout_order_api', relation.name);
        else
            execute format('grant select, insert on %s to fanout_order_api', relation.name);
            execute format('grant select on %s to fanout_webhook_worker, fanout_analytics_worker, fanout_notification_worker', relation.name);
        end if;
    end loop;
end
$$;
