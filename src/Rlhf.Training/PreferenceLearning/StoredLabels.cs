using System.Numerics.Tensors;
using Rlhf.Kernels.Memory;
using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>All labels of a store's run, without a policy beside them: for fitting and measuring a reward model alone.</summary>
public sealed class StoredLabels
{
    private readonly TrueRewardBook _book;
    private readonly Dictionary<long, RewardClip> _clips = [];
    private readonly Dictionary<RewardClip, long> _ids = [];

    /// <summary>Reads them.</summary>
    /// <param name="store">The store.</param>
    /// <param name="runId">The run.</param>
    /// <param name="input">What its reward model looks at.</param>
    public StoredLabels(PreferenceStore store, long runId, RewardInput input)
    {
        _book = new TrueRewardBook(store);
        Input = input;
        Pairs =
        [
            .. store.GetComparisons(runId).Added.Select(label =>
                new LabelledPair(label.Id, Clip(store, label.First), Clip(store, label.Second), label.FirstWeight)),
        ];
    }

    /// <summary>What a row is.</summary>
    public RewardInput Input { get; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<LabelledPair> Pairs { get; }

    /// <summary>Takes all clips into the moments of an ensemble's inputs.</summary>
    public void ObserveInputs(RewardEnsemble ensemble)
    {
        foreach (RewardClip clip in _clips.Values)
        {
            using var rows = new HostBuffer<float>((long)clip.Length * Input.Length);
            clip.CopyTo(rows.Span);
            ensemble.ObserveInputs(rows.View(clip.Length, Input.Length));
        }
    }

    /// <summary>Brings the rewards of all clips' steps to mean 0 and the deviation wanted.</summary>
    public void Calibrate(RewardEnsemble ensemble)
    {
        RewardClip[] clips = [.. _clips.Values];
        float[] predictions = new float[ensemble.Members * clips.Sum(clip => clip.Length)];
        ensemble.Predict(clips, predictions);
        ensemble.Calibrate(predictions);
    }

    /// <summary>
    /// Correlation of r̂ with the true reward over some pairs' clips: over all of their steps, and over the clips' sums, which are what labels
    /// speak of; NaN where the true one is not known.
    /// </summary>
    public (double Steps, double Clips) Correlate(RewardEnsemble ensemble, IReadOnlyList<LabelledPair> pairs)
    {
        RewardClip[] clips = [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct()];
        List<float> truth = [];
        foreach (RewardClip clip in clips)
        {
            if (_book.Rewards(_ids[clip]) is not { } rewards)
                return (double.NaN, double.NaN);
            truth.AddRange(rewards);
        }

        float[] predictions = new float[ensemble.Members * truth.Count], learned = new float[truth.Count], known = [.. truth];
        ensemble.Predict(clips, predictions);
        RewardScale.Of(predictions, ensemble.Members, 1).Apply(predictions, learned);
        return (Correlation.Of(learned, known), Correlation.Of(Sums(clips, learned), Sums(clips, known)));
    }

    private static float[] Sums(RewardClip[] clips, float[] rewards)
    {
        float[] sums = new float[clips.Length];
        for (int clip = 0, step = 0; clip < clips.Length; step += clips[clip++].Length)
            sums[clip] = TensorPrimitives.Sum<float>(rewards.AsSpan(step, clips[clip].Length));
        return sums;
    }

    private RewardClip Clip(PreferenceStore store, long id)
    {
        if (!_clips.TryGetValue(id, out RewardClip? clip))
        {
            _clips[id] = clip = new RewardClip(Input, store.GetSegment(id));
            _ids[clip] = id;
        }

        return clip;
    }
}
