using Rlhf.Environments;
using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// The second of the three activities (Christiano et al. 2017, §2.1): cuts clips out of recent trajectories, asks about the pairs that are
/// worth it, and brings the answers home. Queries and answers live in the store, so labelers may be other processes, and a run that dies
/// loses none.
/// </summary>
internal sealed class LabelGatherer
{
    // A trade between finding good pairs and the time that predictions of long clips of frames take.
    private const int MostCandidates = 1000;
    private readonly PreferenceStore _store;
    private readonly TrueRewardBook _book;
    private readonly long _runId;
    private readonly SegmentBuffer _buffer;
    private readonly RewardInput _input;
    private readonly PreferenceOptions _options;
    private readonly int _length;
    private readonly bool _knowsReturns;
    private readonly SyntheticOracle? _oracle;
    private readonly SelectionRule _rule;
    private readonly Dictionary<long, long> _queryOf = [];
    private readonly Dictionary<long, int> _opinions = [];

    // Robots' clips are small and stay; frames are here from the question to the answer, or would be floats of the store once more.
    private readonly Dictionary<long, RewardClip> _clips = [];
    private long _through;

    public LabelGatherer(
        PreferenceStore store, long runId, EnvironmentSpec spec, SegmentBuffer buffer, RewardInput input, PreferenceOptions options, SyntheticOracle? oracle)
    {
        (_store, _runId, _buffer, _input, _options, _oracle) = (store, runId, buffer, input, options, oracle);
        _book = new TrueRewardBook(store);
        _length = options.ClipLengthFor(spec);
        _knowsReturns = options.Fit.Target == FitTarget.Returns;
        _rule = options.RewardModel.Members > 1 ? options.Queries : SelectionRule.Random;
        Labels = new LabelSet(options.LabelCapacity);
    }

    /// <summary>D.</summary>
    public LabelSet Labels { get; }

    /// <summary>Queries with a label for training, those whose label no longer fits the set's capacity included. Further opinions count once.</summary>
    public int Count { get; private set; }

    /// <summary>Queries that wait for their first answer. Nobody waits for further opinions: there may be one labeler only.</summary>
    public int Open { get; private set; }

    /// <summary>Mean over the candidates of the last choice of the variance of the members' predictions; NaN before.</summary>
    public double Disagreement { get; private set; } = double.NaN;

    /// <summary>Brings new answers, and changes of mind, into the set.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Poll()
    {
        ComparisonChanges changes = _store.GetComparisons(_runId, _through);
        Open = (int)_store.GetProgress(_runId).Unanswered;
        _through = changes.Through;
        if (changes.Added.Count == 0 && changes.Withdrawn.Count == 0)
            return false;
        Labels.Update([.. changes.Added.Select(Pair)], changes.Withdrawn);
        Tally(changes);
        return true;
    }

    /// <summary>Asks as many pairs as are due and may stand open.</summary>
    /// <param name="due">Labels that the plan wants by now.</param>
    /// <param name="step">Environment steps of the run.</param>
    /// <param name="ensemble">The newest reward model.</param>
    /// <returns>What was asked; empty where nothing was due.</returns>
    public IReadOnlyList<Query> Ask(int due, long step, RewardEnsemble ensemble)
    {
        int wanted = Math.Min(due - Count - Open, _options.MaxOpenQueries - Open);
        if (wanted <= 0)
            return [];

        bool random = ensemble.FittedSteps == 0 || _rule == SelectionRule.Random;
        int candidates = random ? wanted : Math.Max(wanted, Math.Min(MostCandidates, wanted * _options.CandidateFactor));
        IReadOnlyList<CandidateClip> clips = _buffer.Cut(2 * candidates, _length, _runId);
        int pairs = clips.Count / 2;
        if (pairs == 0)
            return [];

        PairPredictions predictions = PairPredictions.Of(ensemble, [.. clips.Take(2 * pairs).Select(clip => clip.Clip)]);
        if (_options.RewardModel.Members > 1)
            Disagreement = QuerySelection.Scores(SelectionRule.Variance, predictions.Logits, predictions.Members).Average();
        (long, long)[] names = [.. Enumerable.Range(0, pairs).Select(pair => (2L * pair, (2L * pair) + 1))];
        SelectionRule rule = random ? SelectionRule.Random : _rule;
        return Store([.. QuerySelection.Choose(rule, predictions.Logits, predictions.Members, names, wanted, _options.Seed ^ (ulong)_buffer.Cuts)], clips, predictions, step);
    }

    /// <summary>Lets the oracle answer what stands open; nothing where people answer.</summary>
    /// <returns>Whether it answered anything.</returns>
    public bool Answer() => _oracle?.Answer(_runId) > 0;

    /// <summary>Clips and queries go to the disk together with what only the oracle may know.</summary>
    private Query[] Store(int[] chosen, IReadOnlyList<CandidateClip> clips, PairPredictions predictions, long step)
    {
        CandidateClip[] shown = [.. chosen.SelectMany(pair => new[] { clips[2 * pair], clips[(2 * pair) + 1] })];
        float[] frames = [];
        IReadOnlyList<long> ids = _store.AddSegments(shown.Select(clip => clip.Segment(ref frames)));
        Keep(ids, shown);
        _book.Add([.. ids.Zip(shown, (id, clip) => (id, clip.TrueRewards)).DistinctBy(entry => entry.id)]);
        long made = _store.GetProgress(_runId).Queries;
        Query[] queries =
        [
            .. chosen.Select((pair, i) => new Query
            {
                RunId = _runId,
                Items = [ids[2 * i], ids[(2 * i) + 1]],
                Step = step,
                Predicted = predictions.Probability(pair),
            }).Where(query => query.Items[0] != query.Items[1]).Select((query, i) => query with { AnswersWanted = Opinions(made + i) }),
        ];
        if (queries.Length == 0)
            return [];
        IReadOnlyList<long> queryIds = _store.AddQueries(queries);
        Open = (int)_store.GetProgress(_runId).Unanswered;
        return [.. queries.Zip(queryIds, (query, id) => query with { Id = id })];
    }

    /// <summary>Labelers for the n-th query of the run: evenly spaced, so that a repeated or resumed run asks the same ones twice.</summary>
    private int Opinions(long n) => Math.Floor((n + 1) * _options.Overlap) > Math.Floor(n * _options.Overlap) ? 2 : 1;

    // What is withdrawn may never have been a label: "cannot tell".
    private void Tally(ComparisonChanges changes)
    {
        foreach (Comparison label in changes.Added)
        {
            _queryOf[label.Id] = label.QueryId;
            _opinions[label.QueryId] = _opinions.GetValueOrDefault(label.QueryId) + 1;
        }

        foreach (long id in changes.Withdrawn)
        {
            if (_queryOf.Remove(id, out long query) && --_opinions[query] == 0)
                _opinions.Remove(query);
        }

        Count = _opinions.Count;
    }

    private LabelledPair Pair(Comparison comparison)
    {
        (long first, long second) = (comparison.First, comparison.Second);
        return new LabelledPair(comparison.Id, Clip(first), Clip(second), comparison.FirstWeight, Return(first), Return(second));
    }

    private RewardClip Clip(long segmentId)
    {
        if (_input.IsPixels)
            return _clips.Remove(segmentId, out RewardClip? asked) ? asked : new RewardClip(_input, _store.GetSegment(segmentId));
        if (!_clips.TryGetValue(segmentId, out RewardClip? known))
            _clips[segmentId] = known = new RewardClip(_input, _store.GetSegment(segmentId));
        return known;
    }

    // True returns are read only where they are the target: nothing else that learns may see them.
    private float Return(long segmentId) => _knowsReturns && _book.Total(segmentId) is { } sum ? (float)sum : float.NaN;

    private void Keep(IReadOnlyList<long> ids, CandidateClip[] asked)
    {
        if (!_input.IsPixels)
            return;

        // What was answered with "cannot tell" would stay.
        if (_clips.Count > 4 * _options.MaxOpenQueries)
            _clips.Clear();
        for (int i = 0; i < asked.Length; i++)
            _clips[ids[i]] = asked[i].Clip;
    }
}
