using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Validation;

namespace FanOut.Contracts;

/// <summary>
/// An order was accepted: published once per order; its subject is the order's id, its total is rounded as in <see cref="Order"/>. It has the
/// limits of a request: handlers reject an event beyond them, for anything may be written to a stream.
/// </summary>
[ValidatableType]
public sealed record OrderPlaced(
    Guid OrderId,
    [property: Text(OrderLimits.NumberLength, IsName = true)] string Number,
    Customer Customer,
    [property: Currency] string Currency,
    [property: Length(1, OrderLimits.LinesPerOrder, ErrorMessage = "must hold {1} to {2} lines")] IReadOnlyList<OrderLine> Lines,
    [property: Amount(OrderLimits.Total, OrderLimits.TotalDecimals)] decimal Total,
    [property: PlacedAt(IsOfEvent = true)] DateTimeOffset PlacedAt) : IValidatableObject
{
    public const string EventType = "order.placed";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Missing.Of(Lines, nameof(Lines));
}
