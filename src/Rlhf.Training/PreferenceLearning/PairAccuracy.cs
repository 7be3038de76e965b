namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// How often predictions agree with answers. Ties have no right answer and stay out, and a prediction of exactly ½ is right half the time:
/// neither side is favoured.
/// </summary>
/// <param name="Decisive">Pairs, or their weight, where one side is better.</param>
/// <param name="Correct">Of these, predicted so.</param>
/// <param name="Ties">Pairs, or their weight, that were answered equally good.</param>
public readonly record struct PairAccuracy(double Decisive, double Correct, double Ties)
{
    /// <summary>Share of decisive pairs that are predicted right; NaN where there are none.</summary>
    public double Share => Decisive > 0 ? Correct / Decisive : double.NaN;

    /// <summary>With one more pair.</summary>
    /// <param name="difference">Predicted return of the first minus that of the second.</param>
    /// <param name="firstWeight">μ(1).</param>
    /// <param name="weight">How often the pair counts.</param>
    public PairAccuracy With(double difference, float firstWeight, double weight = 1)
    {
        if (firstWeight == 0.5f)
            return this with { Ties = Ties + weight };
        double correct = difference == 0 ? 0.5 : difference > 0 == firstWeight > 0.5f ? 1 : 0;
        return this with { Decisive = Decisive + weight, Correct = Correct + (weight * correct) };
    }

    /// <summary>Both together.</summary>
    public static PairAccuracy operator +(PairAccuracy a, PairAccuracy b) => Add(a, b);

    /// <summary>Both together.</summary>
    public static PairAccuracy Add(PairAccuracy left, PairAccuracy right) =>
        new(left.Decisive + right.Decisive, left.Correct + right.Correct, left.Ties + right.Ties);
}
