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
                MayMigrate = row.Get<bool>("may_migrate"),
                HasExtension = row.Get<bool>("has_extension"),
                HasExtensionFiles = row.Get<bool>("has_extension_files"),
            },
            cancellationToken))[0];

    /// <returns>Why the database cannot hold events; null where it can.</returns>
    public static string? FindFault(DatabaseFacts facts) => facts switch
    {
        { Version: < MinVersion * 10_000 } =>
            $"The Postgres server is version {facts.Version / 10_000}; the event bus needs {MinVersion} or later. Upgrade the server.",
        { Encoding: not "UTF8" } =>
            $"The database has the encoding {facts.Encoding}, in which not every text can be stored. Use a database with UTF8, made by: "
            + "create database <name> encoding 'UTF8' locale 'C' template template0.",
        { HasExtension: false, HasExtensionFiles: false } =>
            "The Postgres server does not have the extension btree_gist. Install the contrib modules of the server, or allow the extension.",
        _ => null,
    };

    /// <returns>Why this user may not bring schema <paramref name="schema"/> up to date; null where it may.</returns>
    public static string? WhyNotMigrate(DatabaseFacts facts, string schema) => facts switch
    {
        { HasExtension: false, MayCreate: false } =>
            $"The Postgres user '{facts.User}' may not create the extension btree_gist. Create it as an administrator: create extension btree_gist.",
        { HasSchema: false, MayCreate: false } =>
            $"The Postgres user '{facts.User}' may not create the schema '{schema}'. Create it as an administrator: "
            + $"create schema {schema} authorization <its owner>.",
        { MayMigrate: false } =>
            $"Scripts are pending, and the Postgres user '{facts.User}' does not own the schema. (Where none is pending, the user cannot see that: "
            + $"grant select on {schema}.schema_versions to {facts.User}.)",
        _ => null,
    };

    /// <returns>What the user may not do of it, with the statements that grant it; null where it may do all of it.</returns>
    public static async Task<string?> FindMissingGrantsAsync(
        NpgsqlDataSource postgres, IEnumerable<RelationAccess> access, CancellationToken cancellationToken)
    {
        var needs = access.SelectMany(one => one.Privileges.Select(privilege => (one.Schema, one.Pattern, Privilege: privilege))).ToArray();
        object[] values =
        [
            Array.ConvertAll(needs, need => need.Schema),
            Array.ConvertAll(needs, need => need.Pattern),
            Array.ConvertAll(needs, need => need.Privilege),
        ];
        var missing = await postgres.QueryAsync(MissingSql, values, row => row.Get<string>("statement"), cancellationToken);
        return missing.Count > 0
            ? $"The Postgres user may not do what this service needs. Grant it, as the owner of the schema: {string.Join("; ", missing)}."
            : null;
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

    /// <summary>Whether the user may apply scripts to the schema.</summary>
    public required bool MayMigrate { get; init; }

    public required bool HasExtension { get; init; }

    /// <summary>Whether the extension can be created.</summary>
    public required bool HasExtensionFiles { get; init; }
}
