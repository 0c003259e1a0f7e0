namespace FanOut.TestServers.Network;

public enum NetworkState
{
    /// <summary>Bytes pass.</summary>
    Open,

    /// <summary>Connections are reset, and new ones too.</summary>
    Cut,

    /// <summary>Connections stay open, and what is sent over them is lost: neither side hears of it.</summary>
    HalfOpen,

    /// <summary>Everything arrives late.</summary>
    Slow,
}
