namespace FanOut.EmbeddedHosting.Processes;

/// <summary>Numbers as POSIX has them on every platform .NET runs on.</summary>
internal enum StopSignal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
}
