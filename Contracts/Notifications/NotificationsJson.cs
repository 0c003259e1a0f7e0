using System.Text.Json.Serialization;

namespace FanOut.Contracts.Notifications;

/// <summary>How notifications are written in JSON: camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(Notification))]
[JsonSerializable(typeof(NotificationPage))]
public sealed partial class NotificationsJson : JsonSerializerContext;
