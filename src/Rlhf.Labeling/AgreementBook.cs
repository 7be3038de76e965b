using Rlhf.Preferences;

namespace Rlhf.Labeling;

/// <summary>
/// The agreement between every two labelers of a run, and between each and the reward model's prediction when the pair was chosen. Follows
/// the store: each look reads only what changed since the last one.
/// </summary>
/// <param name="store">Where the answers are.</param>
/// <param name="runId">Whose.</param>
internal sealed class AgreementBook(PreferenceStore store, long runId)
{
    /// <summary>Stands for the reward model among the labelers.</summary>
    public const long Model = 0;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, Comparison> _labels = [];
    private readonly Dictionary<long, List<Comparison>> _byQuery = [];
    private readonly Dictionary<(long First, long Second), LabelAgreement> _agreements = [];
    private long _through;

    /// <summary>Those who judged at least one pair both, the most pairs first.</summary>
    public IReadOnlyList<(long First, long Second, long Pairs, double Share, double? Kappa)> Read()
    {
        lock (_lock)
        {
            Follow();
            return
            [
                .. _agreements.Where(each => each.Value.Pairs > 0).OrderByDescending(each => each.Value.Pairs)
                    .Select(each => (each.Key.First, each.Key.Second, each.Value.Pairs, each.Value.Share, each.Value.Kappa)),
            ];
        }
    }

    private void Follow()
    {
        ComparisonChanges changes = store.GetComparisons(runId, _through);
        foreach (long id in changes.Withdrawn)
        {
            if (_labels.Remove(id, out Comparison label))
            {
                _byQuery[label.QueryId].Remove(label);
                Count(label, -1);
            }
        }

        foreach (Comparison label in changes.Added)
        {
            Count(label, 1);
            _labels[label.Id] = label;
            if (!_byQuery.TryGetValue(label.QueryId, out List<Comparison>? same))
                _byQuery[label.QueryId] = same = [];
            same.Add(label);
        }

        _through = changes.Through;
    }

    private void Count(Comparison label, int times)
    {
        if (_byQuery.TryGetValue(label.QueryId, out List<Comparison>? others))
        {
            foreach (Comparison other in others)
            {
                (Comparison first, Comparison second) = label.LabelerId < other.LabelerId ? (label, other) : (other, label);
                Of(first.LabelerId, second.LabelerId).Add(first.FirstWeight, second.FirstWeight, times);
            }
        }

        // A probability is no tie, so that only decided answers can be compared with it.
        if (label.FirstWeight != 0.5f && store.GetQuery(label.QueryId).Predicted is double p && p != 0.5)
            Of(label.LabelerId, Model).Add(label.FirstWeight, p > 0.5 ? 1f : 0f, times);
    }

    private LabelAgreement Of(long first, long second)
    {
        if (!_agreements.TryGetValue((first, second), out LabelAgreement? agreement))
            _agreements[(first, second)] = agreement = new LabelAgreement();
        return agreement;
    }
}
