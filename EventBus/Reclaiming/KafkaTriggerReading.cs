namespace FanOut.EventBus.Reclaiming;

/// <summary>What the trigger measures, at one moment.</summary>
/// <param name="Time">When.</param>
/// <param name="Published">Events published so far, since whenever.</param>
/// <param name="Retention">How far back the stream is needed.</param>
/// <param name="Groups">Registered groups.</param>
internal readonly record struct KafkaTriggerReading(DateTimeOffset Time, long Published, TimeSpan Retention, int Groups);
