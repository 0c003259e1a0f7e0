using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FanOut.TestServers;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class SecretTests
{
    private const string GivenSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string OtherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDp5sUbh7wYQ==";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_column_of_the_database_has_a_secret()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.Api.CreateEndpointAsync(new(receiver.Url, Secret: GivenSecret), Cancellation);
        await webhooks.Api.RotateSecretAsync(endpoint.Id, new(OtherSecret), Cancellation);

        await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");

        var received = Assert.Single(receiver.All);
        Assert.True(received.IsSignedBy(GivenSecret) && received.IsSignedBy(OtherSecret));
        await AssertNowhereAsync(webhooks.Host.Database, GivenSecret, OtherSecret);
    }

    [Fact]
    public async Task Secrets_of_an_earlier_version_are_encrypted_by_whichever_worker_starts_first()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var orders = await OrderStream.CreateAsync();
        Guid id;
        await using (var before = await Webhooks.StartOnAsync(orders))
        {
            id = (await before.SubscribeAsync(receiver)).Id;
            await before.Api.CreateEndpointAsync(new("https://127.0.0.1/other", Enabled: false), Cancellation);
        }

        // As version 002 had it.
        await ExecuteAsync(
            orders.Database,
            """
            alter table webhooks.endpoints
                drop column owner, drop column encrypted_secret, drop column encrypted_previous_secret, drop column awaits_verification,
                drop column verified_at, drop column verification_error;
            alter table webhooks.endpoints rename column plain_secret to secret;
            alter table webhooks.endpoints rename column plain_previous_secret to previous_secret;
            delete from webhooks.schema_versions where scriptname like '%003%';
            """);
        await ExecuteAsync(
            orders.Database,
            """
            update webhooks.endpoints
            set secret = $1, previous_secret = case when enabled then $2 end, previous_secret_until = now() + interval '1 h'
            """,
            Bytes(OtherSecret),
            Bytes(GivenSecret));

        var both = await Task.WhenAll(Webhooks.StartOnAsync(orders), Webhooks.StartOnAsync(orders));
        await using var first = both[0];
        await using var second = both[1];

        // An endpoint of an earlier version has no owner.
        await ExecuteAsync(orders.Database, "update webhooks.endpoints set owner = 'tests'");
        await orders.PublishAsync();
        await first.DeliveryIsAsync(id, "delivered");

        var received = Assert.Single(receiver.All);
        Assert.True(received.IsSignedBy(GivenSecret) && received.IsSignedBy(OtherSecret));
        await AssertNowhereAsync(orders.Database, GivenSecret, OtherSecret);
    }

    [Fact]
    public async Task Replicas_that_make_the_first_keys_at_the_same_time_read_each_others_secrets()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var orders = await OrderStream.CreateAsync();
        var replicas = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Webhooks.StartOnAsync(orders)));
        try
        {
            var created = new List<(Webhooks Other, Guid Id)>();
            for (var i = 0; i < replicas.Length; i++)
            {
                created.Add((replicas[(i + 1) % replicas.Length], (await replicas[i].SubscribeAsync(receiver)).Id));
            }

            // A challenge is signed by the replica that is asked.
            foreach (var (other, id) in created)
            {
                var answer = await other.Host.Http.PostAsync($"/endpoints/{id}/verify", null, Cancellation);
                Assert.Contains("is not the challenge", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
            }
        }
        finally
        {
            foreach (var replica in replicas)
            {
                await replica.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Without_its_keys_a_worker_keeps_deliveries_until_the_keys_are_back()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var orders = await OrderStream.CreateAsync();
        Guid kept, rotated;
        await using (var before = await Webhooks.StartOnAsync(orders))
        {
            kept = (await before.SubscribeAsync(receiver)).Id;
            rotated = (await before.SubscribeAsync(receiver)).Id;
        }

        await ExecuteAsync(orders.Database, "create table kept as select * from access.data_protection_keys");
        await ExecuteAsync(orders.Database, "delete from access.data_protection_keys");
        await using var webhooks = await Webhooks.StartOnAsync(orders);
        await orders.PublishAsync();

        var waiting = await webhooks.DeliveryIsAsync(kept, "pending", delivery => delivery.LastError is not null);
        await webhooks.DeliveryIsAsync(rotated, "pending", delivery => delivery.LastError is not null);
        var secret = (await webhooks.Api.RotateSecretAsync(rotated, new(), Cancellation)).Secret;
        await ExecuteAsync(orders.Database, "update webhooks.endpoint_health set resting_until = null");
        await ExecuteAsync(orders.Database, "update webhooks.deliveries set due_at = now()");
        await webhooks.DeliveryIsAsync(rotated, "delivered");

        Assert.True(Assert.Single(receiver.All).IsSignedBy(secret));
        Assert.Equal((0, false), (waiting.Attempts, waiting.InFlight));
        Assert.Contains("cannot be decrypted", waiting.LastError, StringComparison.Ordinal);
        Assert.Contains("cannot be decrypted", (await webhooks.Api.GetEndpointAsync(kept, Cancellation)).Health.LastError, StringComparison.Ordinal);

        // An operator restores the keys while the worker runs.
        await ExecuteAsync(orders.Database, "insert into access.data_protection_keys select * from kept on conflict do nothing");
        await Eventually.BecomesTrueAsync(
            async () =>
            {
                await ExecuteAsync(orders.Database, "update webhooks.endpoint_health set resting_until = null");
                await ExecuteAsync(orders.Database, "update webhooks.deliveries set due_at = now() where claim is null");
                return (await webhooks.Api.ListDeliveriesAsync(kept, "delivered", cancellationToken: Cancellation)).Deliveries.Count > 0;
            });
        Assert.Equal(2, receiver.All.Count);
    }

    [Fact]
    public async Task With_a_certificate_a_copy_of_the_database_has_no_key_and_the_certificate_can_be_replaced()
    {
        using var files = new Certificates();
        await using var receiver = await Receiver.StartAsync();
        await using var orders = await OrderStream.CreateAsync();
        Guid id;
        await using (var first = await Webhooks.StartOnAsync(
            orders, ("DataProtection:Certificate:Path", files.First), ("DataProtection:Certificate:Password", "pw")))
        {
            id = (await first.SubscribeAsync(receiver)).Id;
        }

        Assert.Equal(1, await CountAsync(orders.Database, "access.data_protection_keys where xml like '%EncryptedData%'"));
        Assert.Equal(0, await CountAsync(orders.Database, "access.data_protection_keys where xml like '%<value>%'"));
        await using var second = await Webhooks.StartOnAsync(
            orders,
            ("DataProtection:Certificate:Path", files.Second),
            ("DataProtection:Certificate:KeyPath", files.SecondKey),
            ("DataProtection:PreviousCertificates:0:Path", files.First),
            ("DataProtection:PreviousCertificates:0:Password", "pw"));
        await orders.PublishAsync();

        await second.DeliveryIsAsync(id, "delivered");
    }

    [Theory]
    [InlineData("Path", "/nowhere.pfx", "DataProtection:Certificate:Path")]
    [InlineData("Password", "pw", "DataProtection:Certificate:Path is missing")]
    public async Task A_certificate_that_cannot_be_used_stops_the_start_and_names_its_key(string key, string value, string message)
    {
        var stopped = await Assert.ThrowsAnyAsync<Exception>(() => Webhooks.StartAsync(($"DataProtection:Certificate:{key}", value)));

        Assert.Contains(message, stopped.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Searches every row of every table, as text; of bytes that is their hexadecimal form.</summary>
    private static async Task AssertNowhereAsync(PostgresDatabase database, params string[] secrets)
    {
        var tables = new List<string>();
        await using (var command = database.DataSource.CreateCommand(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"))
        await using (var reader = await command.ExecuteReaderAsync(Cancellation))
        {
            while (await reader.ReadAsync(Cancellation))
            {
                tables.Add(reader.GetString(0));
            }
        }

        var markers = secrets.SelectMany(secret => new[]
        {
            secret["whsec_".Length..],
            Convert.ToHexStringLower(Bytes(secret)),
            Convert.ToHexStringLower(Encoding.ASCII.GetBytes(secret["whsec_".Length..])),
        }).ToArray();
        Assert.Contains("webhooks.endpoints", tables);
        foreach (var table in tables)
        {
            await using var command = database.DataSource.CreateCommand(
                $"select count(*) from {table} t, unnest($1) as marker where position(lower(marker) in lower(t::text)) > 0");
            command.Parameters.Add(new() { Value = markers });
            Assert.Equal((table, 0L), (table, (long)(await command.ExecuteScalarAsync(Cancellation))!));
        }
    }

    private static byte[] Bytes(string secret) => Convert.FromBase64String(secret["whsec_".Length..]);

    private static async Task<long> CountAsync(PostgresDatabase database, string rows)
    {
        await using var command = database.DataSource.CreateCommand($"select count(*) from {rows}");
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private static async Task ExecuteAsync(PostgresDatabase database, string sql, params object[] values)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        command.Parameters.AddRange(Array.ConvertAll(values, value => new NpgsqlParameter { Value = value }));
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    /// <summary>Two RSA certificates: one as PKCS #12, one as PEM.</summary>
    private sealed class Certificates : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fanout-certificates-");

        public Certificates()
        {
            using var first = Create();
            using var second = Create();
            using var key = second.GetRSAPrivateKey()!;
            File.WriteAllBytes(First, first.Export(X509ContentType.Pkcs12, "pw"));
            File.WriteAllText(Second, second.ExportCertificatePem());
            File.WriteAllText(SecondKey, key.ExportPkcs8PrivateKeyPem());
        }

        public string First => Path.Combine(_folder.FullName, "first.pfx");

        public string Second => Path.Combine(_folder.FullName, "second.crt");

        public string SecondKey => Path.Combine(_folder.FullName, "second.key");

        public void Dispose() => _folder.Delete(recursive: true);

        private static X509Certificate2 Create()
        {
            using var key = RSA.Create(2048);
            var now = TimeProvider.System.GetUtcNow();
            return new CertificateRequest("CN=FanOut keys", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        }
    }
}
