using System.Text;

namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>One field of a protobuf message: enough to read names from OTLP without generated code.</summary>
/// <param name="Number">As in the .proto file.</param>
/// <param name="Bytes">The content of a string or a message; empty for a number.</param>
internal readonly record struct ProtobufField(int Number, ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public IEnumerable<ProtobufField> Fields(int number) => Read(Bytes).Where(field => field.Number == number);

    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        var position = 0;
        while (position < message.Length)
        {
            var key = Varint(message, ref position);
            var length = (key & 7) switch
            {
                0 => VarintAsNothing(message, ref position),
                1 => Skip(8, ref position),
                5 => Skip(4, ref position),
                2 => (int)Varint(message, ref position),
                var type => throw new FormatException($"Wire type {type} at byte {position}."),
            };
            yield return new ProtobufField((int)(key >> 3), message.Slice(position, length));
            position += length;
        }
    }

    private static int Skip(int bytes, ref int position)
    {
        position += bytes;
        return 0;
    }

    private static int VarintAsNothing(ReadOnlyMemory<byte> message, ref int position)
    {
        Varint(message, ref position);
        return 0;
    }

    private static ulong Varint(ReadOnlyMemory<byte> message, ref int position)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = message.Span[position++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
