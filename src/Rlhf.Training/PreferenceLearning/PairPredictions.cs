namespace Rlhf.Training.PreferenceLearning;

/// <summary>What an ensemble says of pairs of clips.</summary>
public sealed class PairPredictions
{
    private readonly float[] _differences;

    private PairPredictions(int members, float[] differences) => (Members, _differences) = (members, differences);

    /// <summary>M.</summary>
    public int Members { get; }

    /// <summary>Pairs.</summary>
    public int Count => _differences.Length / Members;

    /// <summary>[M, P] by each member, the first clip's summed reward less the second's.</summary>
    public ReadOnlySpan<float> Logits => _differences;

    /// <summary>Predictions of pairs whose first clips stand at even places, the second ones behind them.</summary>
    /// <param name="ensemble">Predicts.</param>
    /// <param name="clips">2·C clips of one length.</param>
    public static PairPredictions Of(RewardEnsemble ensemble, IReadOnlyList<RewardClip> clips)
    {
        int pairs = clips.Count / 2, members = ensemble.Members, length = clips.Count > 0 ? clips[0].Length : 1, all = clips.Count * length;
        float[] predictions = new float[members * all], differences = new float[members * pairs];
        ensemble.Predict(clips, predictions);
        for (int m = 0; m < members; m++)
        {
            for (int i = 0; i < pairs; i++)
            {
                ReadOnlySpan<float> rewards = predictions.AsSpan((m * all) + (2 * i * length), 2 * length);
                double difference = 0;
                for (int t = 0; t < length; t++)
                    difference += (double)rewards[t] - rewards[length + t];
                differences[(m * pairs) + i] = (float)difference;
            }
        }

        return new PairPredictions(members, differences);
    }

    /// <summary>Predictions of labelled pairs.</summary>
    public static PairPredictions Of(RewardEnsemble ensemble, IEnumerable<LabelledPair> pairs) =>
        Of(ensemble, [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })]);

    /// <summary>One member's P(first better), eq. 1 of Christiano et al. 2017, without the random answers.</summary>
    public double Probability(int member, int pair) => 1 / (1 + Math.Exp(-_differences[(member * Count) + pair]));

    /// <summary>Mean over members of <see cref="Probability(int, int)"/>.</summary>
    public double Probability(int pair) => Enumerable.Range(0, Members).Average(member => Probability(member, pair));

    /// <summary>How often the mean of the members agrees with the labels.</summary>
    public PairAccuracy Accuracy(IReadOnlyList<LabelledPair> pairs)
    {
        PairAccuracy accuracy = default;
        for (int i = 0; i < pairs.Count; i++)
            accuracy = accuracy.With(Probability(i) - 0.5, pairs[i].FirstWeight);
        return accuracy;
    }
}
