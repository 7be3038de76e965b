using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences;

/// <summary>A labeler that knows the true rewards (Christiano et al. 2017, §3.1): it prefers the clip with the greater undiscounted sum.</summary>
public sealed class SyntheticOracle
{
    // Locked and answered together, so that they share commits.
    private const int Batch = 64;

    private readonly PreferenceStore _store;
    private readonly OracleOptions _options;
    private readonly TrueRewardBook _book;

    /// <summary>An oracle over a store, under its name among the labelers.</summary>
    public SyntheticOracle(PreferenceStore store, OracleOptions? options = null)
    {
        _store = store;
        _options = options ?? new OracleOptions();
        _options.Validate();
        _book = new TrueRewardBook(store);
        LabelerId = store.AddOracle(_options.Name).Id;
    }

    /// <summary>Who it is among the labelers.</summary>
    public long LabelerId { get; }

    /// <summary>Answers what waits in a run, as any labeler would: by claims, in their order.</summary>
    /// <param name="runId">The run. Its queries are pairs of clips whose true rewards are known.</param>
    /// <param name="most">Most answers; default all.</param>
    /// <returns>Answers given.</returns>
    public int Answer(long runId, int most = int.MaxValue)
    {
        int answered = 0;
        while (answered < most)
        {
            IReadOnlyList<Claim> claims = Wait(_store.ClaimAsync(LabelerId, runId, Math.Min(Batch, most - answered)));
            if (claims.Count == 0)
                break;
            Task<AnswerResult>[] results = [.. claims.Select(claim =>
                _store.AnswerAsync(claim.Id, LabelerId, Judgement.Of(Displayed(claim, Judge(claim.Query)))))];
            answered += results.Count(result => Wait(result).Status == AnswerStatus.Accepted);
        }

        return answered;
    }

    /// <summary>What it answers to sums of true rewards.</summary>
    /// <param name="queryId">The query: with the seed it decides everything random.</param>
    /// <param name="first">Sum of the first clip's rewards.</param>
    /// <param name="second">Sum of the second's.</param>
    public Answer Judge(long queryId, double first, double second)
    {
        // Mixed once, so that neighbouring queries and seeds share nothing.
        ulong state = _options.Seed;
        state = SplitMix64.Next(ref state) ^ (ulong)queryId;
        double cannotTell = SplitMix64.NextDouble(ref state), noise = SplitMix64.NextDouble(ref state), error = SplitMix64.NextDouble(ref state);
        if (cannotTell < _options.CannotTellRate)
            return Preferences.Answer.CannotTell;
        double difference = first - second;
        if (!double.IsFinite(difference))
            throw new ArgumentException($"oracle: true sums {first} and {second} of query {queryId}, expected finite numbers");
        if (Math.Abs(difference) <= _options.TieThreshold)
            return Preferences.Answer.Tie;
        bool firstIsBetter = _options.Temperature > 0 ? noise < 1 / (1 + Math.Exp(-difference / _options.Temperature)) : difference > 0;
        return firstIsBetter != (error < _options.ErrorRate) ? Preferences.Answer.Left : Preferences.Answer.Right;
    }

    private Answer Judge(Query query)
    {
        if (query.Kind != QueryKind.ClipPair)
            throw new ArgumentException($"oracle: query {query.Id} is a {query.Kind}, expected a pair of clips");
        return Judge(query.Id, Total(query.Items[0]), Total(query.Items[1]));
    }

    private double Total(long segment) =>
        _book.Total(segment) ?? throw new ArgumentException($"oracle: the true rewards of segment {segment} are not in the store");

    private static Answer Displayed(Claim claim, Answer answer) => (claim.Order[0], answer) switch
    {
        (not 0, Preferences.Answer.Left) => Preferences.Answer.Right,
        (not 0, Preferences.Answer.Right) => Preferences.Answer.Left,
        _ => answer,
    };

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
