namespace Rlhf.Labeling;

/// <summary>How the labeling server behaves.</summary>
public sealed record LabelingOptions
{
    /// <summary>Where it listens, * for all addresses; port 0 takes a free one. Default this machine only.</summary>
    public string Url { get; init; } = "http://127.0.0.1:5080";

    /// <summary>How labelers reach it where a proxy stands before it, e.g. <c>https://label.example.org</c>; null: as it listens, on all addresses by the machine's name.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>PEM files of a certificate and its key, for an https <see cref="Url"/>.</summary>
    public (string Certificate, string Key)? Tls { get; init; }

    /// <summary>Only this run's queries; null: all runs, the newest first.</summary>
    public string? Run { get; init; }

    /// <summary>Whether text responses may also be given a quality of 1…7 (Ouyang et al. 2022, figure 12). Default yes.</summary>
    public bool AsksQuality { get; init; } = true;

    /// <summary>Most bytes of a request's body. Default 128 KiB: a demonstration of 20,000 letters, escaped.</summary>
    public int MaxBodyBytes { get; init; } = 128 * 1024;

    /// <summary>Requests that a labeler may make at once, and then each second. A pair takes about five.</summary>
    public (int Burst, int PerSecond) Requests { get; init; } = (240, 40);

    /// <summary>Sign-ins from one address at once, and then each minute.</summary>
    public (int Burst, int PerMinute) SignIns { get; init; } = (20, 20);

    /// <summary>How long a labeler stays signed in. Default 30 days.</summary>
    public TimeSpan SessionAge { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The time of day; the store's. Default the system's.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where faults of the server are told, a line each. Default nowhere.</summary>
    public Action<string> Log { get; init; } = _ => { };
}
