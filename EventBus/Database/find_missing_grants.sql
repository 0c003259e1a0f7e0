-- What this user may not do, of the privileges $3 on the relations of the schemas $1 whose names match the patterns $2: statements that grant it.
select distinct
    case need.privilege when 'owner' then format('grant %s to %s', quote_ident(pg_get_userbyid(relation.relowner)), quote_ident(current_user))
        else format(
            'grant %s on %s %s.%s to %s', need.privilege, case relation.relkind when 'S' then 'sequence' else 'table' end,
            quote_ident(space.nspname), quote_ident(relation.relname), quote_ident(current_user)) end as statement
from unnest($1::text[], $2::text[], $3::text[]) as need (schema, pattern, privilege)
join pg_namespace as space on space.nspname = need.schema
join pg_class as relation on relation.relnamespace = space.oid and relation.relname ~ need.pattern
where case
        when need.privilege = 'owner' then not pg_has_role(relation.relowner, 'usage')
        when relation.relkind = 'S' then need.privilege = 'usage' and not has_sequence_privilege(relation.oid, 'usage')
        when relation.relkind in ('r', 'p', 'v') then need.privilege <> 'usage' and not has_table_privilege(relation.oid, need.privilege)
        else false
    end
order by statement
