using FanOut.ServiceDefaults.Clients;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

public sealed class QuerySummaryTests
{
    [Theory]
    [InlineData("-- Writes one, not: insert into x.\ninsert into orders.orders (id) values ($1)", "insert orders.orders")]
    [InlineData("with due as (select id from mails.mail for update skip locked) update mails.mail m set state = 1 from due", "update mails.mail")]
    [InlineData("delete from bus.failure where entry = any ($1)", "delete bus.failure")]
    [InlineData("with new as (select * from unnest($1)), a as (insert into t.a select * from new) insert into t.b select 1", "insert t.a")]
    [InlineData("insert into t.a values (1) on conflict (id) do update set n = 2", "insert t.a")]
    [InlineData("select count(*) from (select 1 from t.a) as inner_one", "select t.a")]
    [InlineData("SELECT extract(epoch from now()) FROM \"t\".a", "select \"t\".a")]
    [InlineData("select pg_try_advisory_lock(42)", "select pg_try_advisory_lock")]
    public void A_summary_has_the_first_change_and_its_table_or_what_is_read(string sql, string expected) =>
        Assert.Equal(expected, QuerySummary.Of(sql));

    [Theory]
    [InlineData("select 4242", "select")]
    [InlineData("select 'from secret'", "select")]
    [InlineData("/* from secret */ select substring('abc' from 3)", "select")]
    [InlineData("set lock_timeout = '5s'", "set")]
    [InlineData("commit", "commit")]
    [InlineData("", "")]
    public void A_summary_has_no_values(string sql, string expected) => Assert.Equal(expected, QuerySummary.Of(sql));
}
