using Xunit;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>Poisons events: the notification group cannot record the mail of an order.</summary>
internal static class RefusedMails
{
    /// <summary>Makes every mail to the recipient fail while the body runs.</summary>
    public static async Task WhileAsync(RunningSystem system, string recipient, Func<Task> body)
    {
        await ExecuteAsync(
            system,
            $"""
            create function notifications.refuse() returns trigger language plpgsql
                as $$ begin raise exception 'no mail for %', new.recipient; end $$;
            create trigger refuse before insert on notifications.emails
                for each row when (new.recipient = '{recipient}') execute function notifications.refuse();
            """);
        try
        {
            await body();
        }
        finally
        {
            await ExecuteAsync(system, "drop trigger refuse on notifications.emails; drop function notifications.refuse();");
        }
    }

    private static async Task ExecuteAsync(RunningSystem system, string sql)
    {
#pragma warning disable CA2100
        await using var command = system.Database.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
