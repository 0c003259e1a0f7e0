using System.Diagnostics;

namespace FanOut.EventBus.Telemetry;

/// <summary>Keeps loops that query Postgres several times a second out of the traces.</summary>
internal static class QuietTrace
{
    /// <summary>
    /// From here on, what the calling method runs has a parent that is not recorded, so that samplers leave out the client's spans.
    /// </summary>
    public static void Enter()
    {
        // No listener: so it is never recorded or exported itself.
        Activity.Current = null;
        new Activity("background").SetIdFormat(ActivityIdFormat.W3C).Start();
    }
}
