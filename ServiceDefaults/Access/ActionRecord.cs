using Microsoft.AspNetCore.Http;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>The row of <c>access.actions</c> about one request.</summary>
internal sealed class ActionRecord
{
    private const int MaxTarget = 500;

    private static readonly string Record = EmbeddedSql.Read(typeof(ActionRecord), "record_action.sql");
    private static readonly string Describe = EmbeddedSql.Read(typeof(ActionRecord), "describe_action.sql");
    private static readonly string Finish = EmbeddedSql.Read(typeof(ActionRecord), "finish_action.sql");

    private readonly NpgsqlDataSource _dataSource;
    private readonly long _id;
    private readonly string _path;

    private ActionRecord(NpgsqlDataSource dataSource, long id, string path) => (_dataSource, _id, _path) = (dataSource, id, path);

    public static async Task<ActionRecord> BeginAsync(
        NpgsqlDataSource dataSource, HttpRequest request, string service, string action, CancellationToken cancellationToken)
    {
        var caller = request.HttpContext.User;
        await using var command = dataSource.CreateCommand(Record);
        var path = Bounded(request.Path.ToUriComponent());
        string[] values = [caller.Name(), caller.Id(), caller.Owner(), service, action, path];
        command.Parameters.AddRange(Array.ConvertAll(values, value => new NpgsqlParameter { Value = value }));

        return new(dataSource, (long)(await command.ExecuteScalarAsync(cancellationToken))!, path);
    }

    public Task DescribeAsync(string target, CancellationToken cancellationToken) =>
        UpdateAsync(Describe, Bounded($"{_path} {target}"), cancellationToken);

    public Task FinishAsync(int status, CancellationToken cancellationToken) => UpdateAsync(Finish, status, cancellationToken);

    // Not through the middle of a character, which Postgres would refuse.
    private static string Bounded(string text) => text.Length <= MaxTarget ? text
        : text[..(char.IsHighSurrogate(text[MaxTarget - 1]) ? MaxTarget - 1 : MaxTarget)];

    private async Task UpdateAsync(string sql, object value, CancellationToken cancellationToken)
    {
        await using var command = _dataSource.CreateCommand(sql);
        command.Parameters.Add(new() { Value = _id });
        command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
