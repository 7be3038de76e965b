using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Security;

/// <summary>Token buckets: one for each labeler, and one for each address that tries to sign in.</summary>
internal sealed class RequestLimits : IDisposable
{
    private readonly PartitionedRateLimiter<long> _labelers;
    private readonly PartitionedRateLimiter<IPAddress> _addresses;

    public RequestLimits(LabelingOptions options)
    {
        _labelers = Buckets<long>(options.Requests.Burst, options.Requests.PerSecond, TimeSpan.FromSeconds(1));
        _addresses = Buckets<IPAddress>(options.SignIns.Burst, options.SignIns.PerMinute, TimeSpan.FromMinutes(1));
    }

    /// <summary>Takes one of a labeler's tokens.</summary>
    public void Take(Labeler labeler) => Take(_labelers.AttemptAcquire(labeler.Id));

    /// <summary>Takes one of an address's tokens for signing in.</summary>
    public void Take(HttpContext context) => Take(_addresses.AttemptAcquire(context.Connection.RemoteIpAddress ?? IPAddress.None));

    public void Dispose()
    {
        _labelers.Dispose();
        _addresses.Dispose();
    }

    private static void Take(RateLimitLease lease)
    {
        using (lease)
        {
            if (!lease.IsAcquired)
                throw Problem.TooMany();
        }
    }

    private static PartitionedRateLimiter<T> Buckets<T>(int burst, int refill, TimeSpan period)
        where T : notnull =>
        PartitionedRateLimiter.Create<T, T>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = refill,
            ReplenishmentPeriod = period,
            QueueLimit = 0,
        }));
}
