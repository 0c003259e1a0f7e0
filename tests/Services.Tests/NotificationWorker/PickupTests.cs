using System.Net;
using MimeKit;
using Xunit;

namespace FanOut.Services.Tests.NotificationWorker;

public sealed class PickupTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"fanout-mail-{Guid.NewGuid():n}");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task Without_a_mail_server_each_mail_is_a_file_named_by_its_event()
    {
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, ("Smtp:PickupFolder", _folder));

        var ids = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => orders.PublishAsync()));

        await notifications.CountBecomesAsync("select count(*) from notifications.emails where state = 'sent'", 30);
        Assert.Equal(ids.Select(id => $"{id}.eml").Order(), Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order());
        var mail = await MimeMessage.LoadAsync(Path.Combine(_folder, $"{ids[0]}.eml"), Cancellation);
        Assert.Equal("vinet@example.com", mail.To.Mailboxes.Single().Address);
        Assert.All(Directory.EnumerateFiles(_folder).Append(_folder), path => Assert.True(IsClosedToOthers(path), path));
    }

    [Fact]
    public async Task Writing_a_mail_again_after_a_crash_gives_the_same_file()
    {
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, ("Smtp:PickupFolder", _folder));
        var id = await orders.PublishAsync();
        await notifications.BecomesAsync("sent");
        var file = Path.Combine(_folder, $"{id}.eml");
        var before = await File.ReadAllBytesAsync(file, Cancellation);

        await File.WriteAllTextAsync(Path.Combine(_folder, $".{id}.tmp"), "half a ma", Cancellation);
        await notifications.ExecuteAsync(
            "update notifications.emails set state = 'pending', claim = gen_random_uuid(), finished_at = null, due_at = now()");

        await notifications.BecomesAsync("sent", mail => mail.Attempts == 2);
        Assert.Equal(before, await File.ReadAllBytesAsync(file, Cancellation));
        Assert.Single(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public async Task Mails_wait_while_the_pickup_folder_is_not_writable()
    {
        await File.WriteAllTextAsync(_folder, "in the way", Cancellation);
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, ("Smtp:PickupFolder", _folder));
        await orders.PublishAsync();
        await notifications.CountBecomesAsync("select count(*) from notifications.emails where attempts = 0 and state = 'pending'", 1);

        File.Delete(_folder);

        Assert.Equal(1, (await notifications.BecomesAsync("sent")).Attempts);
    }

    [Fact]
    public async Task Mail_files_and_mails_that_wait_are_kept_no_longer_than_the_retention()
    {
        var folder = Directory.CreateTempSubdirectory("fanout-mails-");
        await using var orders = await OrderStream.CreateAsync();
        var old = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2);
        string[] names = [$"{Guid.NewGuid()}.eml", $".{Guid.NewGuid()}.tmp", "notes.eml", $"{Guid.NewGuid()}.txt"];
        foreach (var name in names)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, name), "x", Cancellation);
            File.SetLastWriteTimeUtc(Path.Combine(folder.FullName, name), old);
        }

        await using (await Notifications.StartAsync(orders, ("Smtp:PickupFolder", folder.FullName), ("Notifications:Retention", "01:00:00")))
        {
            await Eventually.BecomesTrueAsync(
                () => Task.FromResult(folder.GetFiles().Select(file => file.Name).Order().SequenceEqual(names[2..].Order())));
        }

        // No server is there: nothing is counted against the mail.
        await using var away = await Notifications.StartAsync(
            orders, ("Smtp:Host", "127.0.0.1"), ("Smtp:Port", "1"), ("Notifications:Retention", "01:00:00"));
        await orders.PublishAsync();
        await away.BecomesAsync("pending");
        await using (var command = orders.Database.DataSource.CreateCommand("update notifications.emails set created_at = now() - interval '2 h'"))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        Assert.Equal("It waited for as long as it may be kept.", (await away.BecomesAsync("failed")).LastError);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Notifications_are_listed_in_pages_and_deleted_after_their_retention()
    {
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, ("Smtp:PickupFolder", _folder));
        var order = OrderStream.Order();
        await orders.PublishAsync(order);
        await orders.PublishAsync();
        await orders.PublishAsync();
        await notifications.CountBecomesAsync("select count(*) from notifications.emails where state = 'sent'", 3);

        var first = await notifications.Api.ListAsync("sent", limit: 2, cancellationToken: Cancellation);
        var second = await notifications.Api.ListAsync("sent", limit: 2, after: first.After, cancellationToken: Cancellation);
        var one = await notifications.Api.ListAsync(subject: order.OrderId.ToString(), cancellationToken: Cancellation);
        var wrong = await notifications.Host.Http.GetAsync("/notifications?state=lost&after=x", Cancellation);
        var unknown = await notifications.Host.Http.GetAsync("/notifications?status=sent", Cancellation);
        await notifications.ExecuteAsync(
            "update notifications.emails set finished_at = now() - interval '31 days' where id = (select min(id) from notifications.emails)");

        await notifications.CountBecomesAsync("select count(*) from notifications.emails", 2);
        Assert.Equal((2, 1, 1), (first.Notifications.Count, second.Notifications.Count, one.Notifications.Count));
        Assert.Null(second.After);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(["after", "state"], await Problem.FieldsAsync(wrong));
        Assert.Equal(["status"], await Problem.FieldsAsync(unknown));
    }

    private static bool IsClosedToOthers(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode)0b111_111) == 0;
}
