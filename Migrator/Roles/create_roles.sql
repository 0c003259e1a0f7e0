-- Creates the roles of the services that are missing, and makes this user a member of those whose relations it migrates. A role belongs to the
-- server, so a migrator of another database may create it at the same time.
do $$
declare
    service text;
begin
    foreach service in array
        array[
            'fanout_order_api', 'fanout_webhook_worker', 'fanout_analytics_worker', 'fanout_notification_worker', 'fanout_reclaimer',
            'fanout_stream_console']
    loop
        if to_regrole(service) is null then
            begin
                execute format('create role %I login', service);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;

        -- The reclaimer owns what belongs to streams. Earlier, each service owned its schema.
        if (service = 'fanout_reclaimer' or exists (select from pg_namespace where nspowner = to_regrole(service)))
            and not pg_has_role(service, 'usage')
        then
            execute format('grant %I to %I', service, current_user);
        end if;
    end loop;
end
$$;
