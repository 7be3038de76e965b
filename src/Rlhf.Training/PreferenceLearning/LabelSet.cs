namespace Rlhf.Training.PreferenceLearning;

/// <summary>D in memory: the labels that a reward model is fitted to, in the order of their ids.</summary>
/// <remarks>Safe to use from several threads: a reader takes <see cref="Snapshot"/>.</remarks>
/// <param name="capacity">Labels kept, the newest; 0: all. The paper: 3,000 for pixels, all for robots.</param>
public sealed class LabelSet(int capacity = 0)
{
    private readonly Lock _lock = new();
    private LabelledPair[] _pairs = [];

    /// <summary>Labels ever added, those that were dropped or withdrawn included.</summary>
    public long Added { get; private set; }

    /// <summary>Labels in the set.</summary>
    public int Count => Snapshot().Length;

    /// <summary>The labels as they are now. The array never changes.</summary>
    public LabelledPair[] Snapshot()
    {
        lock (_lock)
            return _pairs;
    }

    /// <summary>Takes new labels and lets those go that were withdrawn.</summary>
    /// <param name="added">New labels, in any order.</param>
    /// <param name="withdrawn">Ids of labels that no longer count.</param>
    public void Update(IReadOnlyCollection<LabelledPair> added, IReadOnlyCollection<long> withdrawn)
    {
        if (added.Count == 0 && withdrawn.Count == 0)
            return;
        lock (_lock)
        {
            HashSet<long> gone = [.. withdrawn], known = [.. _pairs.Select(pair => pair.Id)];
            LabelledPair[] fresh = [.. added.Where(pair => known.Add(pair.Id))];
            IEnumerable<LabelledPair> all = _pairs.Concat(fresh).Where(pair => !gone.Contains(pair.Id)).OrderBy(pair => pair.Id);
            Added += fresh.Length;
            _pairs = capacity > 0 ? [.. all.TakeLast(capacity)] : [.. all];
        }
    }
}
