using Npgsql;

namespace FanOut.EventBus.Database;

/// <summary>Whether a database can hold events, and this user may do what the parts of this process need.</summary>
internal static class DatabaseCheck
{
    private const int MinVersion = 14;
    private static readonly string CheckSql = EmbeddedText.Read("Database.check_database.sql");
    private static readonly string MissingSql = EmbeddedText.Read("Database.find_missing_grants.sql");

    public static async Task<DatabaseFacts> ReadAsync(NpgsqlDataSource postgres, string schema, CancellationToken cancellationToken) =>
        (await postgres.QueryAsync(
            CheckSql,
            [schema],
            row => new DatabaseFacts
            {
                Version = row.Get<int>("version"),
                Encoding = row.Get<string>("encoding"),
                IsReadOnly = row.Get<bool>("is_read_only"),
                User = row.Get<string>("user"),
                HasSchema = row.Get<bool>("has_schema"),
                MayCreate = row.Get<bool>("may_create"),
                HasExtension = row.Get<bool>("has_extension"),
                HasExtensionFiles = row.Get<bool>("has_extension_files"),
            },
            cancellationToken))[0];

    /// <returns>Why schema <paramref name="schema"/> cannot be in the database; null where it can.</returns>
    public static string? FindFault(DatabaseFacts facts, string schema) => facts switch
    {
        { Version: < MinVersion * 10_000 } =>
            $"The Postgres server is version {facts.Version / 10_000}; the event bus needs {MinVersion} or later. Upgrade the server.",
        { Encoding: not "UTF8" } =>
            $"The database has the encoding {facts.Encoding}, in which not every text can be stored. Use a database with UTF8, made by: "
            + "create database <name> encoding 'UTF8' locale 'C' template template0.",
        { HasExtension: false, HasExtensionFiles: false } =>
            "The Postgres server does not have the extension btree_gist. Install the contrib modules of the server, or allow the extension.",
        { HasExtension: false, MayCreate: false } =>
            $"The Postgres user '{facts.User}' may not create the extension btree_gist. Create it as an administrator: create extension btree_gist.",
        { HasSchema: false, MayCreate: false } =>
            $"The Postgres user '{facts.User}' may not create the schema '{schema}'. Create it as an administrator: "
            + $"create schema {schema} authorization <its owner>.",
        _ => null,
    };

    /// <exception cref="InvalidOperationException">The user may not do all of it.</exception>
    public static async Task RequireAsync(NpgsqlDataSource postgres, IEnumerable<RelationAccess> access, CancellationToken cancellationToken)
    {
        var needs = access.SelectMany(one => one.Privileges.Select(privilege => (one.Schema, one.Pattern, Privilege: privilege))).ToArray();
        object[] values =
        [
            Array.ConvertAll(needs, need => need.Schema),
            Array.ConvertAll(needs, need => need.Pattern),
            Array.ConvertAll(needs, need => need.Privilege),
        ];
        var missing = await postgres.QueryAsync(MissingSql, values, row => row.Get<string>("statement"), cancellationToken);
        if (missing.Count > 0)
        {
            throw new InvalidOperationException(
                $"The Postgres user may not do what this service needs. Grant it, as the owner of the schema: {string.Join("; ", missing)}.");
        }
    }
}

/// <summary>What <c>check_database.sql</c> says.</summary>
internal sealed record DatabaseFacts
{
    /// <summary>As Postgres counts: 150018 is 15.18.</summary>
    public required int Version { get; init; }

    public required string Encoding { get; init; }

    /// <summary>A standby, or a database that was set so.</summary>
    public required bool IsReadOnly { get; init; }

    public required string User { get; init; }

    public required bool HasSchema { get; init; }

    /// <summary>Whether the user may create schemas and extensions.</summary>
    public required bool MayCreate { get; init; }

    public required bool HasExtension { get; init; }

    /// <summary>Whether the extension can be created.</summary>
    public required bool HasExtensionFiles { get; init; }
}
