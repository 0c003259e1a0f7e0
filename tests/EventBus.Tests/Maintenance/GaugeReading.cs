using System.Diagnostics.Metrics;

namespace FanOut.EventBus.Tests.Maintenance;

/// <summary>Reads the library's gauges for one stream, as an exporter does; of several replicas the highest value.</summary>
internal static class GaugeReading
{
    public static Dictionary<string, double> Read(StreamName stream)
    {
        var values = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EventBusTelemetry.Name && instrument.IsObservable)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "messaging.destination.name" && Equals(tag.Value, stream.Value))
                {
                    values[instrument.Name] = Math.Max(value, values.GetValueOrDefault(instrument.Name));
                }
            }
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
