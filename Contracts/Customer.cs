using System.ComponentModel.DataAnnotations;

namespace FanOut.Contracts;

public sealed record Customer(
    [property: Length(1, OrderLimits.CustomerIdLength)] string Id,
    [property: Length(1, OrderLimits.NameLength)] string Name,
    [property: EmailAddress, MaxLength(OrderLimits.EmailLength)] string Email);
