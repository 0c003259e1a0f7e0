using System.Text;

namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>One field of a protobuf message: enough to read names out of OTLP without generated code.</summary>
/// <param name="Id">Its number in the .proto file.</param>
/// <param name="Bytes">The value of a string or a message; empty for a number.</param>
/// <param name="Number">The value of an integer or an enumeration; otherwise 0.</param>
internal readonly record struct ProtobufField(int Id, ReadOnlyMemory<byte> Bytes, long Number)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public string Hex => Convert.ToHexStringLower(Bytes.Span);

    public IEnumerable<ProtobufField> Fields(int id) => Read(Bytes).Where(field => field.Id == id);

    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        var position = 0;
        while (position < message.Length)
        {
            var key = Varint(message, ref position);
            var type = key & 7;
            var number = type == 0 ? (long)Varint(message, ref position) : 0;
            var length = type switch
            {
                0 => 0,
                1 => 8,
                2 => (int)Varint(message, ref position),
                5 => 4,
                _ => throw new FormatException($"Wire type {type} at byte {position}."),
            };
            yield return new ProtobufField((int)(key >> 3), type == 2 ? message.Slice(position, length) : default, number);
            position += length;
        }
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
