namespace Rlhf.Preferences;

/// <summary>How a store behaves.</summary>
public sealed record PreferenceStoreOptions
{
    /// <summary>How long a query shown to a labeler is kept from others. Default 2 minutes, as in rl-teacher.</summary>
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long after the lock's end an answer is still taken, for the way it has to travel. Default 2 seconds.</summary>
    public TimeSpan LockGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a call waits for another process that writes. Default 10 seconds.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time of day. Default the system's.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
