using FanOut.EventBus.Groups;

namespace FanOut.EventBus.Inbox;

/// <summary>
/// The group is no longer registered: somebody unregistered it while a worker ran, or the database was restored to a time before it.
/// </summary>
internal sealed class GroupUnregisteredException(RegisteredGroup group)
    : Exception($"Consumer group '{group.Name}' of stream '{group.Stream.Name}' is no longer registered. Restart its workers to register it again.");
