-- What this user lacks to migrate the schemas $1, to create the roles $2 and to set the passwords of the roles $3: statements for an administrator.
with me as (
    select oid, quote_ident(rolname) as name, rolsuper, rolcreaterole, current_setting('server_version_num')::int as version
    from pg_roles where rolname = current_user
),
-- From Postgres 16, CREATEROLE is for roles that the user has created, or administers.
service as (
    select
        wanted.name, role.oid,
        me.rolsuper or me.rolcreaterole
            and (role.oid is null or me.version < 160000 or pg_has_role(me.oid, role.oid, 'usage with admin option')) as may_change
    from me cross join unnest($2::text[]) as wanted (name)
    left join pg_roles as role on role.rolname = wanted.name
),
owned as (
    select nspowner as owner from pg_namespace where nspname = any($1::text[])
    union
    select relowner from pg_class where relnamespace in (select oid from pg_namespace where nspname = any($1::text[]))
)
select format('alter database %I owner to %s', datname, me.name) as statement
from me join pg_database on datname = current_database()
where not pg_has_role(datdba, 'usage')
union
-- Of a database of Postgres 14 or earlier.
select format('alter schema public owner to %s', me.name)
from me join pg_namespace on nspname = 'public'
where has_schema_privilege('public', 'public', 'create') and not pg_has_role(nspowner, 'usage')
union
select format('create role %I login password ''...''', service.name) from service where oid is null and not may_change
union
select case
        when me.rolcreaterole then format('grant %I to %s with admin option', service.name, me.name)
        else format('alter role %s createrole', me.name) end
from me cross join service
where service.oid is not null and service.name = any($3::text[]) and not service.may_change
union
select format('grant %I to %s', service.name, me.name) from me cross join service
where service.name = 'fanout_reclaimer' and not service.may_change and not pg_has_role(service.oid, 'usage')
union
select format('grant %I to %s', pg_get_userbyid(owned.owner), me.name) from me cross join owned
where not pg_has_role(owned.owner, 'usage') and owned.owner not in (select oid from service where may_change and oid is not null)
order by statement
