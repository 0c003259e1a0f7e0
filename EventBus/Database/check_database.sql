-- What the database is, and what this user may do to make schema $1 there.
select
    current_setting('server_version_num')::int as version,
    current_setting('server_encoding') as encoding,
    current_setting('transaction_read_only')::bool as is_read_only,
    current_user::text as "user",
    to_regnamespace($1) is not null as has_schema,
    has_database_privilege(current_database(), 'create') as may_create,
    case when to_regnamespace($1) is null then has_database_privilege(current_database(), 'create')
        -- The user who applied the first script owns the journal.
        else has_schema_privilege(to_regnamespace($1), 'create') and not exists (
            select from pg_class
            where relnamespace = to_regnamespace($1) and relname = 'schema_versions' and not pg_has_role(relowner, 'usage')) end as may_migrate,
    exists (select from pg_extension where extname = 'btree_gist') as has_extension,
    exists (select from pg_available_extensions where name = 'btree_gist') as has_extension_files
